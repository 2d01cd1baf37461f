#include "wire/retained_batch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/record_batch.h"
#include "wire/record_batch_builder.h"

namespace millrace::wire {
namespace {

struct KeptRecord {
  std::int64_t offset = 0;
  std::int64_t timestamp = 0;
  std::string key;
  std::string value;
  std::string headers;
  bool operator==(const KeptRecord&) const = default;
};

std::vector<KeptRecord> records_in(std::string_view batch) {
  Buffer scratch;
  auto reader = BatchReader::open(batch, scratch);
  EXPECT_TRUE(reader.ok()) << reader.error().message;
  std::vector<KeptRecord> records;
  for (RecordView record; reader->next(record);) {
    records.push_back(
        {record.offset.value(), record.timestamp.value(), std::string(record.key.value_or("-")),
         std::string(record.value.value_or("-")), std::string(record.headers.wire_bytes())});
  }
  EXPECT_TRUE(reader->status().ok());
  return records;
}

Buffer original(Compression codec) {
  RecordBatchBuilder builder({.compression = codec,
                              .producer_id = ProducerId{7},
                              .producer_epoch = ProducerEpoch{3},
                              .base_sequence = 11,
                              .is_transactional = true,
                              .base_offset = Offset{100},
                              .partition_leader_epoch = LeaderEpoch{5}});
  const std::vector<HeaderView> headers{{"name", "value"}, {"null", std::nullopt}};
  builder.append(Timestamp{2000}, "a", std::string(300, 'a'), headers);
  builder.append(Timestamp{5000}, "b", "b");
  builder.append(Timestamp{1000}, std::nullopt, std::nullopt, headers);
  return builder.build();
}

/// Every second record, and what the batch says of itself.
Buffer retain_even(const Buffer& batch, std::optional<Timestamp> horizon) {
  Buffer scratch;
  auto reader = BatchReader::open(batch.view(), scratch);
  RetainedBatch retained(reader->header(), horizon);
  for (RecordView record; reader->next(record);) {
    if (record.offset.value() % 2 == 0) retained.keep(record);
  }
  EXPECT_EQ(retained.count(), 2);
  return retained.build(std::nullopt).value();
}

TEST(RetainedBatch, KeepsRecordsAsTheyWereAndTheBatchsBounds) {
  for (const auto codec : {Compression::kNone, Compression::kGzip, Compression::kSnappy,
                           Compression::kLz4, Compression::kZstd}) {
    const Buffer before = original(codec);
    const auto all = records_in(before.view());
    const Buffer after = retain_even(before, std::nullopt);
    EXPECT_EQ(records_in(after.view()), (std::vector<KeptRecord>{all[0], all[2]}));
    const BatchHeader was = check_batch(before.view()).value();
    const BatchHeader is = check_batch(after.view()).value();
    EXPECT_EQ(is.base_offset, was.base_offset);
    EXPECT_EQ(is.last_offset_delta, 2);
    EXPECT_EQ(is.record_count, 2);
    EXPECT_EQ(is.partition_leader_epoch, was.partition_leader_epoch);
    EXPECT_EQ(is.attributes, was.attributes);
    EXPECT_EQ(is.producer_id, was.producer_id);
    EXPECT_EQ(is.producer_epoch, was.producer_epoch);
    EXPECT_EQ(is.last_sequence(), was.last_sequence());
    EXPECT_EQ(is.max_timestamp, Timestamp{2000}) << "of what is left";
    EXPECT_EQ(delete_horizon(is), std::nullopt);
  }
}

TEST(RetainedBatch, AHorizonStandsWhereTheBaseTimestampStoodAndChangesNoTime) {
  const Buffer before = original(Compression::kNone);
  const Buffer after = retain_even(before, Timestamp{9000});
  const BatchHeader header = check_batch(after.view()).value();
  EXPECT_EQ(header.base_timestamp, Timestamp{9000});
  EXPECT_EQ(delete_horizon(header), Timestamp{9000});
  EXPECT_EQ(records_in(after.view())[1].timestamp, 1000);
  const Buffer again = retain_even(after, std::nullopt);
  EXPECT_EQ(delete_horizon(check_batch(again.view()).value()), std::nullopt);
  EXPECT_EQ(records_in(again.view()), records_in(after.view()));
}

TEST(RetainedBatch, WithTheLogsTimeTheBatchKeepsIt) {
  Buffer before = original(Compression::kNone);
  patch_log_append_time(before.data(), before.size(), Timestamp{7000});
  const Buffer after = retain_even(before, std::nullopt);
  EXPECT_EQ(check_batch(after.view()).value().max_timestamp, Timestamp{7000});
  EXPECT_EQ(records_in(after.view())[0].timestamp, 7000);
}

TEST(RetainedBatch, WithoutRecordsItIsAHeaderThatSaysWhereItsProducerStands) {
  const Buffer before = original(Compression::kZstd);
  const BatchHeader was = check_batch(before.view()).value();
  const Buffer after = RetainedBatch(was, std::nullopt).build(std::nullopt).value();
  EXPECT_EQ(after.size(), batch_format::kHeaderSize);
  EXPECT_TRUE(records_in(after.view()).empty());
  const BatchHeader is = check_batch(after.view()).value();
  EXPECT_EQ(is.last_offset(), was.last_offset());
  EXPECT_EQ(is.last_sequence(), was.last_sequence());
  EXPECT_EQ(is.max_timestamp, was.max_timestamp);
  EXPECT_EQ(is.compression(), Compression::kNone);
  EXPECT_TRUE(is.is_transactional());
}

}  // namespace
}  // namespace millrace::wire
