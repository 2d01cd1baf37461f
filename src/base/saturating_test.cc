// Arithmetic that stops at the ends, over pairs of extremes, against arithmetic in 128 bits.
#include "base/saturating.h"

#include <gtest/gtest.h>

#include <array>

namespace millrace {
namespace {

constexpr std::int64_t kMin = INT64_MIN;
constexpr std::int64_t kMax = INT64_MAX;
constexpr std::array<std::int64_t, 11> kExtremes{kMin, kMin + 1, kMin / 2, -2,       -1,  0,
                                                 1,    2,        kMax / 2, kMax - 1, kMax};

__extension__ using Wide = __int128;

std::int64_t cut(Wide value) {
  return value > kMax ? kMax : value < kMin ? kMin : static_cast<std::int64_t>(value);
}

TEST(Saturating, SumsAndDifferencesEqualWideOnesCutToTheType) {
  for (const std::int64_t left : kExtremes) {
    for (const std::int64_t right : kExtremes) {
      EXPECT_EQ(saturating_add(left, right), cut(Wide{left} + right)) << left << " + " << right;
      EXPECT_EQ(saturating_subtract(left, right), cut(Wide{left} - right))
          << left << " - " << right;
    }
  }
}

TEST(Saturating, TheTimeBetweenTwoTimestampsHasNoOverflow) {
  EXPECT_EQ(millis_between(Timestamp{10}, Timestamp{25}), 15);
  EXPECT_EQ(millis_between(Timestamp{25}, Timestamp{10}), -15);
  EXPECT_EQ(millis_between(Timestamp{kMin}, Timestamp{kMax}), kMax);
  EXPECT_EQ(millis_between(Timestamp{kMax}, Timestamp{kMin}), kMin);
  EXPECT_EQ(timestamp_after(Timestamp{1}, Millis::max()), Timestamp{kMax});
  EXPECT_EQ(timestamp_after(Timestamp{-2}, Millis{-5}), Timestamp{-7});
}

TEST(Saturating, ADeadlineOfTheLongestDelayIsNever) {
  const MonotonicTime now{std::chrono::hours{1}};
  EXPECT_EQ(deadline_after(now, Millis{5}), now + Millis{5});
  EXPECT_EQ(deadline_after(now, Millis{-5}), now - Millis{5});
  EXPECT_EQ(deadline_after(now, Millis::max()), MonotonicTime::max());
  EXPECT_EQ(deadline_after(MonotonicTime::max(), Millis::max()), MonotonicTime::max());
  EXPECT_LT(deadline_after(now, Millis::min()), MonotonicTime{});
  EXPECT_EQ(bounded_wait(Millis{7}), Millis{7});
  EXPECT_LT(now + bounded_wait(Millis::max()), MonotonicTime::max());
}

}  // namespace
}  // namespace millrace
