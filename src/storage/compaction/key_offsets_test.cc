#include "storage/compaction/key_offsets.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::storage {
namespace {

bool put(KeyOffsets& keys, const std::string& key, Offset offset) {
  const KeyAt record{key, offset};
  return !keys.put({&record, 1});
}

TEST(KeyOffsets, KnowsTheLastOffsetOfEachKey) {
  KeyOffsets keys(std::size_t{1} << 20U, {1, 2});
  keys.begin(2000);
  for (std::int64_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(put(keys, std::to_string(i % 2000), Offset{i}));
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
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(put(keys, std::to_string(i), Offset{i}));
  EXPECT_FALSE(put(keys, "one more", Offset{10}));
  EXPECT_TRUE(put(keys, "3", Offset{11}));
  EXPECT_EQ(keys.last_of("3"), Offset{11});
  EXPECT_EQ(keys.last_of("one more"), kNoOffset);
  EXPECT_LE(keys.memory_bytes(), 10 * KeyOffsets::kBytesPerKey + 24);
}

TEST(KeyOffsets, ManyAtOnceEndAtTheFirstThatFindsNoRoom) {
  KeyOffsets keys(50 * KeyOffsets::kBytesPerKey, {1, 2});
  keys.begin(1'000'000);
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) names.push_back(std::to_string(i % 60));
  std::vector<KeyAt> records;
  for (const std::string& name : names) {
    records.push_back({name, Offset{static_cast<std::int64_t>(records.size())}});
  }
  EXPECT_EQ(keys.put(records), Offset{50});
  EXPECT_EQ(keys.last_of("49"), Offset{49});
  EXPECT_EQ(keys.last_of("50"), kNoOffset);
}

/// 5,000 records of 2,000 keys, from offset 100 on.
KeyOffsets with_many_records() {
  KeyOffsets keys(std::size_t{1} << 20U, {1, 2});
  keys.begin(2000);
  for (std::int64_t i = 0; i < 5000; ++i) {
    EXPECT_TRUE(put(keys, std::to_string(i % 2000), Offset{100 + i}));
  }
  return keys;
}

void expect_to_know_the_last(const KeyOffsets& keys) {
  for (std::int64_t i = 0; i < 5000; ++i) {
    EXPECT_EQ(keys.is_last(std::to_string(i % 2000), Offset{100 + i}), i >= 3000) << i;
  }
  EXPECT_FALSE(keys.is_last("7", Offset{99})) << "before what is dirty";
  EXPECT_TRUE(keys.is_last("of no record", Offset{99}));
}

TEST(KeyOffsets, KnowsWhichRecordIsTheLastOfItsKey) {
  expect_to_know_the_last(with_many_records());
}

TEST(KeyOffsets, KnowsTheLastByABitEachOnceItIsSealed) {
  KeyOffsets keys = with_many_records();
  const std::size_t table_bytes = keys.memory_bytes();
  keys.seal(Offset{100}, Offset{5100});
  expect_to_know_the_last(keys);
  EXPECT_TRUE(keys.is_last("whatever the key", Offset{5099})) << "the key is not looked at";
  EXPECT_EQ(keys.memory_bytes() - table_bytes, 632U);
}

/// Offsets may be far apart, where an earlier pass left gaps.
TEST(KeyOffsets, TakesNoBitsForOffsetsThatAreFarApart) {
  KeyOffsets keys = with_many_records();
  const std::size_t table_bytes = keys.memory_bytes();
  keys.seal(Offset{100}, Offset{1'000'000'000'000});
  expect_to_know_the_last(keys);
  EXPECT_EQ(keys.memory_bytes(), table_bytes);
}

TEST(KeyOffsets, BeginsAnewWithAsMuchMemoryAsIsExpected) {
  KeyOffsets keys(std::size_t{128} << 20U, {1, 2});
  keys.begin(100'000);
  ASSERT_TRUE(put(keys, "a", Offset{1}));
  keys.begin(10);
  EXPECT_EQ(keys.last_of("a"), kNoOffset);
  EXPECT_LT(keys.memory_bytes(), 1000U);
  keys.end();
  EXPECT_EQ(keys.memory_bytes(), 0U);
  EXPECT_EQ(keys.last_of("a"), kNoOffset);
}

}  // namespace
}  // namespace millrace::storage
