#include "storage/compaction/key_offsets.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::storage {
namespace {

TEST(KeyOffsets, KnowsTheLastOffsetOfEachKey) {
  KeyOffsets keys(std::size_t{1} << 20U, {1, 2});
  keys.begin(2000);
  for (std::int64_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(keys.put(std::to_string(i % 2000), Offset{i}));
  }
  EXPECT_EQ(keys.size(), 2000U);
  for (std::int64_t i = 0; i < 2000; ++i) {
    EXPECT_EQ(keys.last_of(std::to_string(i)), Offset{i < 1000 ? i + 4000 : i + 2000}) << i;
  }
  EXPECT_EQ(keys.last_of("2000"), kNoOffset);
  EXPECT_EQ(keys.last_of(""), kNoOffset);
}

TEST(KeyOffsets, WhenItIsFullKnownKeysStillMove) {
  KeyOffsets keys(10 * KeyOffsets::kBytesPerKey, {1, 2});
  keys.begin(1'000'000);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(keys.put(std::to_string(i), Offset{i}));
  EXPECT_FALSE(keys.put("one more", Offset{10}));
  EXPECT_TRUE(keys.put("3", Offset{11}));
  EXPECT_EQ(keys.last_of("3"), Offset{11});
  EXPECT_EQ(keys.last_of("one more"), kNoOffset);
  EXPECT_LE(keys.memory_bytes(), 10 * KeyOffsets::kBytesPerKey + 24);
}

TEST(KeyOffsets, BeginsAnewWithAsMuchMemoryAsIsExpected) {
  KeyOffsets keys(std::size_t{128} << 20U, {1, 2});
  keys.begin(100'000);
  ASSERT_TRUE(keys.put("a", Offset{1}));
  keys.begin(10);
  EXPECT_EQ(keys.last_of("a"), kNoOffset);
  EXPECT_LT(keys.memory_bytes(), 1000U);
  keys.end();
  EXPECT_EQ(keys.memory_bytes(), 0U);
  EXPECT_EQ(keys.last_of("a"), kNoOffset);
}

}  // namespace
}  // namespace millrace::storage
