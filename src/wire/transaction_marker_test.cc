#include "wire/transaction_marker.h"

#include <gtest/gtest.h>

#include "wire/record_batch.h"
#include "wire/record_batch_builder.h"

namespace millrace::wire {
namespace {

constexpr TransactionMarker kCommitted{
    ProducerId{7}, ProducerEpoch{3}, {TransactionResult::kCommit, 9}};

// Laid out by hand from Kafka's ControlRecordTypeSchema and EndTxnMarker, both version 0.
TEST(TransactionMarker, HasKafkasKeyAndValue) {
  const Buffer batch = build_transaction_marker(kCommitted, Timestamp{1234});
  Buffer scratch;
  auto reader = BatchReader::open(batch.view(), scratch);
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_TRUE(reader->header().is_control());
  EXPECT_TRUE(reader->header().is_transactional());
  EXPECT_EQ(reader->header().producer_id, ProducerId{7});
  EXPECT_EQ(reader->header().producer_epoch, ProducerEpoch{3});
  EXPECT_EQ(reader->header().base_sequence, -1);
  RecordView record;
  ASSERT_TRUE(reader->next(record));
  EXPECT_EQ(record.timestamp, Timestamp{1234});
  EXPECT_EQ(record.key, std::string_view("\0\0\0\1", 4));
  EXPECT_EQ(record.value, std::string_view("\0\0\0\0\0\x9", 6));
  EXPECT_FALSE(reader->next(record)) << "one record";
}

TEST(TransactionMarker, SaysWhatItWasBuiltFrom) {
  for (const auto result : {TransactionResult::kAbort, TransactionResult::kCommit}) {
    TransactionMarker marker = kCommitted;
    marker.end.result = result;
    const auto end = read_transaction_end(build_transaction_marker(marker, Timestamp{1}).view());
    ASSERT_TRUE(end.ok()) << end.error().message;
    EXPECT_EQ(*end, marker.end);
  }
}

TEST(TransactionMarker, IsNotFoundInOtherControlBatches) {
  const auto error_of = [](std::string_view key, std::string_view value) {
    RecordBatchBuilder builder({.is_control = true});
    builder.append(Timestamp{1}, key, value);
    const auto end = read_transaction_end(builder.build().view());
    return end.ok() ? ErrorCode::kClosed : end.error().code;
  };
  const std::string_view value("\0\0\0\0\0\x9", 6);
  EXPECT_EQ(error_of({"\0\0\0\2", 4}, value), ErrorCode::kUnsupported) << "a change of leader";
  EXPECT_EQ(error_of({"\0\0\0", 3}, value), ErrorCode::kTruncated);
  EXPECT_EQ(error_of({"\0\0\0\1", 4}, value.substr(0, 5)), ErrorCode::kTruncated);
}

}  // namespace
}  // namespace millrace::wire
