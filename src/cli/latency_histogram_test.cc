#include "cli/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace millrace::cli {
namespace {

using Nanos = LatencyHistogram::Nanos;

TEST(LatencyHistogram, OfNothingIsZero) {
  const LatencyHistogram none;
  EXPECT_EQ(none.count(), 0);
  EXPECT_EQ(none.compute_quantile(0.5), Nanos{0});
  EXPECT_EQ(none.largest(), Nanos{0});
}

TEST(LatencyHistogram, SmallOnesAreExact) {
  LatencyHistogram histogram;
  for (int nanos = 1; nanos <= 100; ++nanos) histogram.add(Nanos{nanos});
  EXPECT_EQ(histogram.compute_quantile(0), Nanos{1});
  EXPECT_EQ(histogram.compute_quantile(0.5), Nanos{50});
  EXPECT_EQ(histogram.compute_quantile(0.99), Nanos{99});
  EXPECT_EQ(histogram.compute_quantile(1), Nanos{100});
}

TEST(LatencyHistogram, QuantilesAreThoseOfTheSortedTimesWithinOneIn128) {
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    LatencyHistogram histogram;
    std::vector<std::int64_t> sorted;
    for (int i = 0; i < 1000; ++i) {
      // Every order of magnitude up to an hour.
      sorted.push_back(static_cast<std::int64_t>(std::exp(random.unit() * 28.9)));
      histogram.add(Nanos{sorted.back()});
    }
    std::sort(sorted.begin(), sorted.end());
    for (const double share : {0.001, 0.5, 0.95, 0.99, 0.999, 1.0}) {
      const auto at = static_cast<std::size_t>(std::ceil(share * 1000)) - 1;
      const auto found = histogram.compute_quantile(share).count();
      EXPECT_GE(found, sorted[at]);
      EXPECT_LE(found, sorted[at] + sorted[at] / 128);
    }
    EXPECT_EQ(histogram.largest(), Nanos{sorted.back()});
  }
}

TEST(LatencyHistogram, WhatIsBeyondItsRangeIsCounted) {
  LatencyHistogram histogram;
  histogram.add(Nanos{-5});
  histogram.add(std::chrono::hours{5});
  EXPECT_EQ(histogram.count(), 2);
  EXPECT_EQ(histogram.compute_quantile(0.5), Nanos{0});
  EXPECT_EQ(histogram.compute_quantile(1), Nanos{std::chrono::hours{5}});
}

}  // namespace
}  // namespace millrace::cli
