#include "client/partitioner.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace millrace::client {
namespace {

TEST(Murmur2, EqualsTheJavaClients) {
  struct Case {
    std::string_view key;
    std::int32_t hash;
  };
  const std::array cases{
      Case{"21", -973932308},
      Case{"abc", 479470107},
      Case{"foobar", -790332482},
      Case{"a-little-bit-long-string", -985981536},
      Case{"a-little-bit-longer-string", -1486304829},
      Case{"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
  };
  for (const Case& c : cases) EXPECT_EQ(murmur2(c.key), c.hash) << c.key;
}

TEST(PartitionForKey, IsTheHashWithoutItsSignModuloTheCount) {
  EXPECT_EQ(partition_for_key("21", 8), PartitionId{(-973932308 & 0x7fffffff) % 8});
  EXPECT_EQ(partition_for_key("foobar", 1), PartitionId{0});
  EXPECT_EQ(partition_for_key("", 7), partition_for_key({}, 7));
}

TEST(StickyPartitioner, StaysForABatchThenMovesToAnother) {
  Random random(1);
  StickyPartitioner partitioner(100);

  const PartitionId first = partitioner.next(60, 4, random);
  EXPECT_EQ(partitioner.next(60, 4, random), first);
  EXPECT_NE(partitioner.next(60, 4, random), first);
}

TEST(StickyPartitioner, GivesEveryPartitionItsShare) {
  Random random(7);
  StickyPartitioner partitioner(10);
  std::array<int, 4> counts{};

  for (int i = 0; i < 40'000; ++i) {
    ++counts[static_cast<std::size_t>(partitioner.next(10, 4, random).value())];
  }

  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
}

TEST(StickyPartitioner, ChoosesAgainWhenTheTopicShrinks) {
  Random random(3);
  StickyPartitioner partitioner(1'000'000);
  for (int i = 0; i < 100; ++i) (void)partitioner.next(1, 64, random);

  EXPECT_EQ(partitioner.next(1, 1, random), PartitionId{0});
}

}  // namespace
}  // namespace millrace::client
