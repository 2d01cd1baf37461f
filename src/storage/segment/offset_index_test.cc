#include "storage/segment/offset_index.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::storage {
namespace {

TEST(OffsetIndex, FindsTheLastEntryAtOrBefore) {
  OffsetIndex index(Offset{100});
  index.append(Offset{109}, 500);
  index.append(Offset{119}, 900);
  index.append(Offset{119}, 950);  // does not grow: left out
  EXPECT_EQ(index.size(), 2U);
  EXPECT_EQ(index.position_for(Offset{108}), 0U);
  EXPECT_EQ(index.position_for(Offset{109}), 500U);
  EXPECT_EQ(index.position_for(Offset{118}), 500U);
  EXPECT_EQ(index.position_for(Offset{10000}), 900U);
  EXPECT_EQ(index.boundary_before(499), 0U);
  EXPECT_EQ(index.boundary_before(500), 500U);
  EXPECT_EQ(index.boundary_before(5000000000), 900U);
}

TEST(OffsetIndex, BoundsWhatLiesBeforeAPositionThoughOneEntryIsWrong) {
  OffsetIndex index(Offset{100});
  for (const int i : {1, 2, 3})
    index.append(Offset{100 + i * 10}, static_cast<std::uint32_t>(i * 500));
  EXPECT_EQ(index.bound_at(500), Offset{120});
  EXPECT_EQ(index.bound_at(1001), Offset{INT64_MAX});
  std::string wrong = index.encode();
  wrong[3 + 8] = 11;  // 111 where the batch ends in 120
  const auto read = OffsetIndex::decode(Offset{100}, wrong, 9999);
  EXPECT_GE(read->bound_at(1000), Offset{119}) << "the last record before that position";
}

TEST(OffsetIndex, HasKafkasBytesAndRefusesOthers) {
  OffsetIndex index(Offset{100});
  index.append(Offset{109}, 500);
  const std::string bytes = index.encode();
  EXPECT_EQ(bytes, std::string("\0\0\0\x09\0\0\1\xf4", 8));
  EXPECT_EQ(OffsetIndex::decode(Offset{100}, bytes, 501)->position_for(Offset{109}), 500U);
  EXPECT_FALSE(OffsetIndex::decode(Offset{100}, bytes, 500).ok()) << "points past the file";
  EXPECT_FALSE(OffsetIndex::decode(Offset{100}, bytes + "x", 501).ok());
  EXPECT_FALSE(OffsetIndex::decode(Offset{100}, bytes + bytes, 501).ok()) << "does not grow";
  EXPECT_FALSE(OffsetIndex::decode(Offset{100}, std::string(8, '\0'), 501).ok())
      << "zeros, as a torn write leaves them";
}

}  // namespace
}  // namespace millrace::storage
