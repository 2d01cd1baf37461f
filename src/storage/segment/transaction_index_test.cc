#include "storage/segment/transaction_index.h"

#include <gtest/gtest.h>

namespace millrace::storage {
namespace {

AbortedTransaction aborted(std::int64_t producer, std::int64_t first, std::int64_t last,
                           std::int64_t stable) {
  return {ProducerId{producer}, Offset{first}, Offset{last}, Offset{stable}};
}

// Laid out by hand from Kafka's AbortedTxn, version 0.
TEST(TransactionIndex, HasKafkasBytes) {
  TransactionIndex index;
  index.append(aborted(7, 256, 258, 259));
  EXPECT_EQ(index.encode(), std::string("\0\0", 2) +                  // version
                                std::string("\0\0\0\0\0\0\0\7", 8) +  // producer id
                                std::string("\0\0\0\0\0\0\1\0", 8) +  // first offset
                                std::string("\0\0\0\0\0\0\1\2", 8) +  // last offset
                                std::string("\0\0\0\0\0\0\1\3", 8));  // last stable offset
  EXPECT_EQ(TransactionIndex::decode(Offset{200}, Offset{300}, index.encode()).value(), index);
}

TEST(TransactionIndex, RefusesWhatCannotBe) {
  const auto error_of = [](const std::vector<AbortedTransaction>& entries) {
    TransactionIndex index;
    for (const auto& entry : entries) index.append(entry);
    const auto decoded = TransactionIndex::decode(Offset{10}, Offset{20}, index.encode());
    return decoded.ok() ? ErrorCode::kClosed : decoded.error().code;
  };
  EXPECT_EQ(error_of({aborted(7, 3, 12, 13)}), ErrorCode::kClosed) << "begun in another segment";
  EXPECT_EQ(error_of({aborted(-1, 11, 12, 13)}), ErrorCode::kCorrupt);
  EXPECT_EQ(error_of({aborted(7, -1, 12, 13)}), ErrorCode::kCorrupt);
  EXPECT_EQ(error_of({aborted(7, 12, 12, 13)}), ErrorCode::kCorrupt) << "a marker and no record";
  EXPECT_EQ(error_of({aborted(7, 3, 9, 10)}), ErrorCode::kCorrupt) << "before the segment";
  EXPECT_EQ(error_of({aborted(7, 3, 20, 10)}), ErrorCode::kCorrupt) << "behind it";
  EXPECT_EQ(error_of({aborted(7, 3, 12, 14)}), ErrorCode::kCorrupt) << "stable behind the marker";
  EXPECT_EQ(error_of({aborted(7, 3, 13, 5), aborted(8, 3, 12, 6)}), ErrorCode::kCorrupt);
  EXPECT_EQ(error_of({aborted(7, 3, 12, 5), aborted(8, 3, 13, 4)}), ErrorCode::kCorrupt);

  TransactionIndex index;
  index.append(aborted(7, 3, 12, 5));
  std::string bytes = index.encode();
  EXPECT_FALSE(TransactionIndex::decode(Offset{10}, Offset{20}, bytes.substr(1)).ok());
  bytes[1] = 1;
  EXPECT_EQ(TransactionIndex::decode(Offset{10}, Offset{20}, bytes).error().code,
            ErrorCode::kUnsupported);
}

TEST(TransactionIndex, LooksNoFurtherThanWhereEverythingAskedForIsStable) {
  TransactionIndex index;
  index.append(aborted(7, 10, 12, 11));  // 11 is of another one, still open
  index.append(aborted(8, 11, 14, 15));
  index.append(aborted(9, 15, 17, 18));
  const auto collect = [&](std::int64_t from, std::int64_t before) {
    std::vector<AbortedTransaction> found;
    const bool is_all = index.collect(Offset{from}, Offset{before}, found);
    std::vector<std::int64_t> producers;
    for (const auto& each : found) producers.push_back(each.producer_id.value());
    return std::pair(producers, is_all);
  };
  using Producers = std::vector<std::int64_t>;
  EXPECT_EQ(collect(10, 11), std::pair(Producers{7}, true));
  EXPECT_EQ(collect(10, 12), std::pair(Producers({7, 8}), true));
  EXPECT_EQ(collect(13, 15), std::pair(Producers{8}, true));
  EXPECT_EQ(collect(15, 16), std::pair(Producers{9}, true));
  EXPECT_EQ(collect(18, 19), std::pair(Producers{}, false)) << "a later segment may know more";
}

}  // namespace
}  // namespace millrace::storage
