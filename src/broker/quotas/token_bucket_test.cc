#include "broker/quotas/token_bucket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "base/random.h"

namespace millrace::broker {
namespace {

using namespace std::chrono_literals;

constexpr QuotaLimit kLimit{.per_second = 1000, .burst_seconds = 10};
const MonotonicTime kStart{1h};

TEST(TokenBucket, LetsPassAtOnceWhatTheBurstIsWorth) {
  TokenBucket bucket(kLimit, kStart);
  EXPECT_EQ(bucket.take(10'000, kStart), 0ms);
  EXPECT_EQ(bucket.take(1, kStart), 1ms);
}

TEST(TokenBucket, LetsADebtBeWaitedForAsLongAsItsRateTakes) {
  TokenBucket bucket(kLimit, kStart);
  EXPECT_EQ(bucket.take(12'500, kStart), 2'500ms);
  EXPECT_EQ(bucket.debt(kStart + 1s), 1'500ms);
  EXPECT_EQ(bucket.take(500, kStart + 1s), 2'000ms);
  EXPECT_EQ(bucket.debt(kStart + 3s), 0ms);
}

TEST(TokenBucket, KeepsNoMoreThanTheBurstHoweverLongNobodyTakes) {
  TokenBucket bucket(kLimit, kStart);
  bucket.take(10'000, kStart);
  EXPECT_FALSE(bucket.is_full(kStart + 9s));
  EXPECT_TRUE(bucket.is_full(kStart + 10s));
  EXPECT_EQ(bucket.take(10'001, kStart + 1000s), 1ms);
}

TEST(TokenBucket, GoesByANewRateFromThenOn) {
  TokenBucket bucket(kLimit, kStart);
  bucket.take(12'000, kStart);
  bucket.set_limit({.per_second = 100, .burst_seconds = 10}, kStart + 1s);
  EXPECT_EQ(bucket.debt(kStart + 1s), 10'000ms);
  EXPECT_EQ(bucket.take(1'000, kStart + 1000s), 0ms) << "the burst of the new rate";
  EXPECT_EQ(bucket.take(1, kStart + 1000s), 10ms);
}

TEST(TokenBucket, IsNotMovedByAClockThatStandsOrIsBehind) {
  TokenBucket bucket(kLimit, kStart);
  bucket.take(11'000, kStart);
  EXPECT_EQ(bucket.debt(kStart), 1'000ms);
  EXPECT_EQ(bucket.debt(kStart - 5s), 1'000ms);
}

/// Whoever waits as he is told gets his rate, and the burst once, whatever the sizes.
TEST(TokenBucket, HoldsWhoeverWaitsToTheRate) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    TokenBucket bucket(kLimit, kStart);
    MonotonicTime now = kStart;
    double taken = 0;
    double largest = 0;
    while (now < kStart + 600s) {
      const auto amount = static_cast<double>(random.below(20'000));
      taken += amount;
      largest = std::max(largest, amount);
      now += bucket.take(amount, now);
      if (random.below(4) == 0) now += Millis{static_cast<std::int64_t>(random.below(30))};
    }
    const double seconds = std::chrono::duration<double>(now - kStart).count();
    EXPECT_LE(taken, kLimit.burst() + seconds * kLimit.per_second + largest);
    EXPECT_GE(taken, seconds * kLimit.per_second * 0.9);
  }
}

}  // namespace
}  // namespace millrace::broker
