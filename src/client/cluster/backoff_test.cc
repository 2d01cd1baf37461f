#include "client/cluster/backoff.h"

#include <gtest/gtest.h>

namespace millrace::client {
namespace {

TEST(Backoff, DoublesUpToItsMaxWithinAFifth) {
  Random random(11);
  const Backoff backoff{Millis{100}, Millis{1000}};

  for (int round = 0; round < 200; ++round) {
    const Millis first = next_delay(backoff, 0, random);
    EXPECT_GE(first, Millis{80});
    EXPECT_LE(first, Millis{120});
    const Millis third = next_delay(backoff, 2, random);
    EXPECT_GE(third, Millis{320});
    EXPECT_LE(third, Millis{480});
    for (const int attempt : {4, 40, 1'000'000}) {
      const Millis late = next_delay(backoff, attempt, random);
      EXPECT_GE(late, Millis{800});
      EXPECT_LE(late, Millis{1200});
    }
  }
}

}  // namespace
}  // namespace millrace::client
