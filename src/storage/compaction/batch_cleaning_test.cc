// What stays of a batch, rule by rule: batches in, batches out, without a log.
#include "storage/compaction/batch_cleaning.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "wire/record_batch_builder.h"
#include "wire/retained_batch.h"
#include "wire/transaction_marker.h"

namespace millrace::storage {
namespace {

using Offsets = std::vector<std::int64_t>;
using Value = std::optional<std::string>;

constexpr Timestamp kNow{2000};
constexpr Millis kDeleteRetention{1000};

class BatchCleaningTest : public ::testing::Test {
 protected:
  BatchCleaningTest() { keys_.begin(100); }

  /// The next batch of the log, whose keys count.
  Buffer batch(const std::vector<std::pair<std::string, Value>>& records,
               wire::BatchOptions options = {}) {
    options.base_offset = next_;
    wire::RecordBatchBuilder builder(options, 256);
    for (const auto& [key, value] : records) {
      builder.append(Timestamp{1000}, key,
                     value ? std::optional<std::string_view>(*value) : std::nullopt);
      const KeyAt record{key, next_};
      (void)keys_.put({&record, 1});
      next_ = next_ + 1;
    }
    return builder.build();
  }
  Buffer marker(std::int64_t id, wire::TransactionResult result) {
    Buffer bytes = wire::build_transaction_marker({ProducerId{id}, ProducerEpoch{0}, {result, 0}},
                                                  Timestamp{1000});
    wire::patch_base_offset(bytes.data(), next_);
    next_ = next_ + 1;
    return bytes;
  }
  static wire::BatchOptions producer(std::int64_t id, bool is_transactional = false) {
    return {.producer_id = ProducerId{id},
            .producer_epoch = ProducerEpoch{0},
            .base_sequence = 0,
            .is_transactional = is_transactional};
  }
  static wire::BatchHeader header_of(const Buffer& bytes) {
    return wire::check_batch(bytes.view()).value();
  }

  /// What is left of each, in one pass at `now`; an empty buffer where nothing is.
  std::vector<Buffer> clean(const std::vector<const Buffer*>& batches, Timestamp now = kNow) {
    BatchCleaning cleaning(keys_, end_.value_or(next_), fates_, producers_, config_,
                           {now, kDeleteRetention});
    std::vector<Buffer> left;
    for (const Buffer* const bytes : batches) {
      auto kept = cleaning.clean(bytes->view(), header_of(*bytes));
      EXPECT_TRUE(kept.ok()) << kept.error().message;
      left.push_back(kept.ok() && *kept ? Buffer::copy_of(**kept) : Buffer{});
    }
    has_changed_ = cleaning.has_changed();
    return left;
  }
  Buffer clean_one(const Buffer& bytes, Timestamp now = kNow) {
    return std::move(clean({&bytes}, now).front());
  }
  static Offsets offsets_in(const Buffer& bytes) {
    Buffer scratch;
    auto reader = wire::BatchReader::open(bytes.view(), scratch);
    EXPECT_TRUE(reader.ok());
    Offsets offsets;
    for (RecordView record; reader->next(record);) offsets.push_back(record.offset.value());
    return offsets;
  }

  KeyOffsets keys_{std::size_t{1} << 20U, {1, 2}};
  TransactionFates fates_;
  LastOfProducers producers_;
  LogConfig config_;
  Offset next_{10};
  std::optional<Offset> end_;
  bool has_changed_ = false;
};

TEST_F(BatchCleaningTest, OfAKeyTheLastRecordStays) {
  const Buffer first = batch({{"a", "1"}, {"b", "1"}, {"a", "2"}});
  const Buffer second = batch({{"b", "2"}});
  const auto left = clean({&first, &second});
  EXPECT_EQ(offsets_in(left[0]), (Offsets{12}));
  EXPECT_EQ(header_of(left[0]).base_offset, Offset{10});
  EXPECT_EQ(header_of(left[0]).last_offset(), Offset{12});
  EXPECT_EQ(left[1].view(), second.view()) << "byte by byte";
  EXPECT_TRUE(has_changed_);
}

TEST_F(BatchCleaningTest, ABatchThatStaysWholeIsNotRebuilt) {
  const Buffer only = batch({{"a", "1"}, {"b", "1"}}, {.compression = wire::Compression::kZstd});
  EXPECT_EQ(clean_one(only).view(), only.view());
  EXPECT_FALSE(has_changed_);
}

TEST_F(BatchCleaningTest, WhatLiesBehindTheKeysIsLeft) {
  const Buffer first = batch({{"a", "1"}, {"a", "2"}});
  const Buffer second = batch({{"a", "3"}, {"a", "4"}});
  end_ = Offset{11};
  const auto left = clean({&first, &second});
  EXPECT_EQ(offsets_in(left[0]), (Offsets{11}));
  EXPECT_EQ(left[1].view(), second.view());
}

/// It is clean only once its key is known.
TEST_F(BatchCleaningTest, ATombstoneBehindTheKeysGetsNoHorizon) {
  const Buffer tombstone = batch({{"a", std::nullopt}});
  end_ = Offset{10};
  EXPECT_EQ(clean_one(tombstone).view(), tombstone.view());
  EXPECT_FALSE(has_changed_);
}

TEST_F(BatchCleaningTest, ATombstoneGetsAHorizonAndGoesOnceItHasPassed) {
  const Buffer tombstone = batch({{"a", std::nullopt}});
  const Buffer marked = clean_one(tombstone);
  EXPECT_EQ(wire::delete_horizon(header_of(marked)), Timestamp{3000});
  EXPECT_EQ(clean_one(marked, Timestamp{2999}).view(), marked.view());
  EXPECT_TRUE(clean_one(marked, Timestamp{3000}).empty());
}

TEST_F(BatchCleaningTest, AValueBesideATombstoneStaysPastTheHorizon) {
  const Buffer both = batch({{"a", std::nullopt}, {"b", "1"}});
  const Buffer marked = clean_one(both);
  const Buffer later = clean_one(marked, Timestamp{3000});
  EXPECT_EQ(offsets_in(later), (Offsets{11}));
  EXPECT_EQ(wire::delete_horizon(header_of(later)), Timestamp{3000});
}

TEST_F(BatchCleaningTest, WhereAProducersLastSequenceStandsAnEmptyBatchStays) {
  const Buffer old = batch({{"a", "1"}}, producer(7));
  const Buffer last = batch({{"a", "2"}}, producer(7));
  const Buffer newer = batch({{"a", "3"}});
  producers_[ProducerId{7}] = {ProducerEpoch{0}, Offset{11}};
  const auto left = clean({&old, &last, &newer});
  EXPECT_TRUE(left[0].empty());
  EXPECT_EQ(header_of(left[1]).record_count, 0);
  EXPECT_EQ(header_of(left[1]).last_offset(), Offset{11});
  EXPECT_EQ(clean_one(left[1]).view(), left[1].view()) << "as long as it is the last";
  producers_.clear();
  EXPECT_TRUE(clean_one(left[1]).empty());
}

TEST_F(BatchCleaningTest, RecordsOfAnAbortedTransactionGo) {
  const Buffer records = batch({{"a", "1"}}, producer(7, true));
  const Buffer end = marker(7, wire::TransactionResult::kAbort);
  fates_.on_batch(header_of(records));
  fates_.on_marker(header_of(end), wire::TransactionResult::kAbort);
  EXPECT_TRUE(clean({&records, &end})[0].empty());
}

TEST_F(BatchCleaningTest, AMarkerStaysWithABatchOfItsTransaction) {
  const Buffer records = batch({{"a", "1"}}, producer(7, true));
  const Buffer end = marker(7, wire::TransactionResult::kCommit);
  EXPECT_EQ(clean({&records, &end})[1].view(), end.view());
}

TEST_F(BatchCleaningTest, AMarkerDoesNotStayForTheSakeOfAnEarlierTransaction) {
  const Buffer records = batch({{"a", "1"}}, producer(7, true));
  const Buffer end = marker(7, wire::TransactionResult::kCommit);
  const Buffer next = marker(7, wire::TransactionResult::kAbort);
  const auto left = clean({&records, &end, &next});
  EXPECT_EQ(left[1].view(), end.view());
  EXPECT_EQ(wire::delete_horizon(header_of(left[2])), Timestamp{3000});
}

TEST_F(BatchCleaningTest, AMarkerWithoutBatchGetsAHorizonAndGoesOnceItHasPassed) {
  const Buffer end = marker(7, wire::TransactionResult::kCommit);
  const Buffer marked = clean_one(end);
  EXPECT_EQ(wire::delete_horizon(header_of(marked)), Timestamp{3000});
  EXPECT_EQ(wire::read_transaction_end(marked.view())->result, wire::TransactionResult::kCommit);
  EXPECT_EQ(clean_one(marked, Timestamp{2999}).view(), marked.view());
  EXPECT_TRUE(clean_one(marked, Timestamp{3000}).empty());
  producers_[ProducerId{7}] = {ProducerEpoch{0}, kNoOffset};
  EXPECT_EQ(header_of(clean_one(marked, Timestamp{3000})).record_count, 0)
      << "all that is left of a producer's epoch";
  producers_[ProducerId{7}] = {ProducerEpoch{1}, kNoOffset};
  EXPECT_TRUE(clean_one(marked, Timestamp{3000}).empty()) << "of an epoch that is over";
}

TEST_F(BatchCleaningTest, AnEmptyBatchOfATransactionKeepsItsMarker) {
  const Buffer records = batch({{"a", "1"}}, producer(7, true));
  const Buffer end = marker(7, wire::TransactionResult::kAbort);
  producers_[ProducerId{7}] = {ProducerEpoch{0}, Offset{10}};
  fates_.on_batch(header_of(records));
  fates_.on_marker(header_of(end), wire::TransactionResult::kAbort);
  const auto left = clean({&records, &end});
  EXPECT_EQ(header_of(left[0]).record_count, 0);
  EXPECT_EQ(left[1].view(), end.view());
}

TEST_F(BatchCleaningTest, ABatchThatCannotBeReadIsAnError) {
  Buffer broken = batch({{"a", "1"}});
  char& last = broken.data()[broken.size() - 2];
  const wire::BatchHeader header = header_of(broken);
  last = static_cast<char>(last ^ 1);
  BatchCleaning cleaning(keys_, next_, fates_, producers_, config_, {kNow, kDeleteRetention});
  EXPECT_EQ(cleaning.clean(broken.view(), header).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace millrace::storage
