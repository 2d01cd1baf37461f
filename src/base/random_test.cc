#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <vector>

namespace millrace {
namespace {

// What other implementations of the same two algorithms give for seed 0.
TEST(Random, FollowsThePublishedGenerator) {
  Random random(0);
  EXPECT_EQ(random.next(), 0x99ec5f36cb75f2b4U);
  EXPECT_EQ(random.next(), 0xbf6e1f784956452aU);
  EXPECT_EQ(random.next(), 0x1a5f849d4933e6e0U);
}

TEST(Random, OneSeedIsOneSequenceAndSeedsDiffer) {
  Random a(7);
  Random b(7);
  Random c(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = a.next();
    EXPECT_EQ(value, b.next());
    differs = differs || value != c.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Random, BelowStaysBelowAndReachesEverything) {
  Random random(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts.at(random.below(counts.size()));
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
  EXPECT_EQ(random.below(1), 0U);
}

TEST(RandomDeathTest, BelowZeroHasNoAnswer) {
  Random random(1);
  EXPECT_DEATH((void)random.below(0), "no answer");
}

TEST(Random, UnitLiesInItsIntervalAndIsCentred) {
  Random random(2);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double unit = random.unit();
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    sum += unit;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.01);
}

TEST(Random, DrivesStandardShuffles) {
  std::vector<int> cards(52);
  std::iota(cards.begin(), cards.end(), 0);
  Random random(3);
  std::shuffle(cards.begin(), cards.end(), random);
  EXPECT_FALSE(std::is_sorted(cards.begin(), cards.end()));
}

TEST(Random, EntropyDiffersEachTime) {
  std::set<std::uint64_t> values;
  for (int i = 0; i < 10; ++i) values.insert(Random::from_entropy().next());
  EXPECT_EQ(values.size(), 10U);
}

}  // namespace
}  // namespace millrace
