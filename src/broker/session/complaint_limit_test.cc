#include "broker/session/complaint_limit.h"

#include <gtest/gtest.h>

namespace millrace::broker {
namespace {

TEST(ComplaintLimit, WritesAFewLinesAWindowAndSaysHowManyItKeptBack) {
  ComplaintLimit limit;
  const MonotonicTime start{};
  for (int line = 0; line < ComplaintLimit::kLinesMax; ++line) EXPECT_EQ(limit.admit(start), 0U);
  for (int line = 0; line < 500; ++line) EXPECT_EQ(limit.admit(start), std::nullopt);

  const MonotonicTime later = start + ComplaintLimit::kWindow;
  EXPECT_EQ(limit.admit(later), 500U);
  EXPECT_EQ(limit.admit(later), 0U);
}

}  // namespace
}  // namespace millrace::broker
