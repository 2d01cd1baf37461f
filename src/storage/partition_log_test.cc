#include "storage/partition_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/byte_order.h"
#include "storage/testing/log_fixture.h"
#include "wire/crc32c.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::BatchSpec;
using testing::LogFixture;
using testing::make_batch;
using testing::read_log;
using testing::ReadRecord;
using testing::records_in;
using wire::KafkaError;

class PartitionLogTest : public LogFixture {};

TEST_F(PartitionLogTest, AppendsCountOffsetsAndReadsGiveTheBatchesBack) {
  open();
  EXPECT_EQ(append(*log, {.values = {"a", "b"}}).value().base_offset, Offset{0});
  const AppendResult second = append(*log, {.values = {"c", "d", "e"}}, 3).value();
  EXPECT_EQ(second.base_offset, Offset{2});
  EXPECT_EQ(second.last_offset, Offset{4});
  EXPECT_EQ(second.log_append_time, kNoTimestamp);
  EXPECT_EQ(log->log_end_offset(), Offset{5});

  const auto records = read_log(*log).value();
  ASSERT_EQ(records.size(), 5U);
  EXPECT_EQ(records[4], (ReadRecord{4, 1002, "e"}));
  EXPECT_EQ(log->latest_leader_epoch(), LeaderEpoch{3});
  EXPECT_EQ(log->end_offset_for_epoch(LeaderEpoch{0}).end_offset, Offset{2});
}

TEST_F(PartitionLogTest, ReadsWholeBatchesAndTheFirstOneEvenWhenItIsLarger) {
  open();
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 3; ++i) {
    const BatchSpec spec{.values = {std::string(100, 'x'), "second"}};
    sizes.push_back(make_batch(spec).size());
    ASSERT_TRUE(append(*log, spec).ok());
  }
  const std::size_t one = sizes[0];

  const auto size_of = [&](Offset from, std::size_t max, MinOneBatch min_one = MinOneBatch::kNo) {
    return log->read(from, max, min_one).value().slice.size_bytes;
  };
  EXPECT_EQ(size_of(Offset{0}, one), one);
  EXPECT_EQ(size_of(Offset{0}, one - 1), 0U);
  EXPECT_EQ(size_of(Offset{0}, one - 1, MinOneBatch::kYes), one);
  EXPECT_EQ(size_of(Offset{0}, 3 * one - 1), 2 * one);
  EXPECT_EQ(size_of(Offset{0}, 3 * one), 3 * one);
  EXPECT_EQ(size_of(Offset{3}, 1 << 20), 2 * one) << "from the middle of the second batch";
  EXPECT_EQ(log->read(Offset{3}, one, MinOneBatch::kNo).value().first_batch_base, Offset{2});
  EXPECT_EQ(size_of(Offset{6}, 1 << 20), 0U) << "at the end there is nothing yet";
}

TEST_F(PartitionLogTest, LeavesOutBatchesFromTheHighWatermarkOn) {
  open();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(append(*log, {.values = {"a", "b"}}).ok());
  const auto count = [&](Offset from, Offset before) {
    const LogSlice slice = log->read(from, 1 << 20, MinOneBatch::kYes, before).value();
    return slice.slice.size_bytes / make_batch({.values = {"a", "b"}}).size();
  };
  EXPECT_EQ(count(Offset{0}, Offset{4}), 2U);
  EXPECT_EQ(count(Offset{2}, Offset{4}), 1U);
  EXPECT_EQ(count(Offset{4}, Offset{4}), 0U);
  EXPECT_EQ(count(Offset{0}, Offset{0}), 0U);
  EXPECT_EQ(count(Offset{0}, Offset{8}), 4U);
}

TEST_F(PartitionLogTest, RefusesOffsetsItDoesNotHold) {
  open();
  ASSERT_TRUE(append(*log, {}).ok());
  for (const Offset offset : {Offset{-1}, Offset{2}, Offset{INT64_MAX}}) {
    const auto result = log->read(offset, 100, MinOneBatch::kYes);
    EXPECT_EQ(wire::kafka_error_of(result.error()), KafkaError::kOffsetOutOfRange);
  }
}

TEST_F(PartitionLogTest, RollsBySizeAndFindsEveryOffsetAcrossSegments) {
  config.segment_bytes = 2000;
  config.index_interval_bytes = 200;
  open();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(append(*log, {.values = {std::to_string(i), "x"}}).ok());
  }
  EXPECT_TRUE(log->take_sealed());
  EXPECT_FALSE(log->take_sealed()) << "said once";
  EXPECT_GE(log->segment_count(), 5U);
  for (std::int64_t offset = 0; offset < 200; ++offset) {
    const auto bytes = log->read_bytes(Offset{offset}, 1, MinOneBatch::kYes).value();
    const auto records = records_in(bytes.view()).value();
    EXPECT_EQ(records.front().offset, offset / 2 * 2);
  }
  EXPECT_EQ(read_log(*log)->size(), 200U);
}

TEST_F(PartitionLogTest, RollsByTheTimeOfItsRecords) {
  config.segment_ms = 1000;
  open();
  ASSERT_TRUE(append(*log, {.timestamp = 5000}, 0, 5000).ok());
  ASSERT_TRUE(append(*log, {.timestamp = 6000}, 0, 6000).ok());
  EXPECT_EQ(log->segment_count(), 1U);
  ASSERT_TRUE(append(*log, {.timestamp = 6001}, 0, 6001).ok());
  EXPECT_EQ(log->segment_count(), 2U);
}

TEST_F(PartitionLogTest, FilesAreNamedByTheirFirstOffset) {
  config.segment_bytes = 300;
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  ASSERT_TRUE(log->close().ok());
  EXPECT_THAT(names(".log"),
              ::testing::ElementsAre("00000000000000000000.log", "00000000000000000001.log",
                                     "00000000000000000002.log"));
  EXPECT_EQ(names(".index").size(), 3U);
  EXPECT_EQ(names(".timeindex").size(), 3U);
  EXPECT_THAT(names(".snapshot"), ::testing::Contains("00000000000000000003.snapshot"));
}

TEST_F(PartitionLogTest, StampsRecordsWhenTheTopicSaysSo) {
  config.message_timestamp_type = wire::TimestampType::kLogAppendTime;
  open();
  const AppendResult result = append(*log, {.values = {"a", "b"}, .timestamp = 5}, 0, 777).value();
  EXPECT_EQ(result.log_append_time, Timestamp{777});
  const auto records = read_log(*log).value();
  for (const ReadRecord& record : records) EXPECT_EQ(record.timestamp, 777);
}

TEST_F(PartitionLogTest, FindsTheFirstRecordAtOrAfterATime) {
  config.segment_bytes = 600;
  config.index_interval_bytes = 100;
  open();
  // Out of order on purpose: 1000, 1001, 3000, 3001, 2000, 2001, 5000, 5001, ...
  const std::vector<std::int64_t> times{1000, 3000, 2000, 5000, 4000, 9000, 9000, 6000};
  for (const std::int64_t time : times) {
    ASSERT_TRUE(
        append(*log,
               {.values = {"a", "b"}, .timestamp = time, .compression = wire::Compression::kLz4}, 7)
            .ok());
  }
  const auto records = read_log(*log).value();
  for (std::int64_t time = 990; time < 9010; ++time) {
    const auto expected = std::find_if(records.begin(), records.end(),
                                       [&](const ReadRecord& r) { return r.timestamp >= time; });
    const auto found = log->offset_for_timestamp(Timestamp{time}).value();
    ASSERT_EQ(found.has_value(), expected != records.end()) << time;
    if (!found) continue;
    ASSERT_EQ(found->offset.value(), expected->offset) << time;
    EXPECT_EQ(found->timestamp.value(), expected->timestamp);
    EXPECT_EQ(found->leader_epoch, LeaderEpoch{7});
  }
  EXPECT_EQ(log->max_timestamp().value()->offset, Offset{11}) << "the first that has 9001";
}

TEST_F(PartitionLogTest, FindsATimeByTheHeaderOfABatchWhoseRecordsMakeNoSense) {
  open();
  ASSERT_TRUE(append(*log, {.timestamp = 1000}).ok());
  std::string senseless = make_batch({.values = {"aaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbb"},
                                      .timestamp = 2000,
                                      .compression = wire::Compression::kZstd});
  std::fill(senseless.begin() + wire::batch_format::kHeaderSize, senseless.end(), '\xff');
  store_big_endian(
      senseless.data() + wire::batch_format::kCrcAt,
      wire::crc32c(std::string_view(senseless).substr(wire::batch_format::kCrcCoversFrom)));
  ASSERT_TRUE(
      log->append(senseless, LeaderEpoch{4}, Timestamp{1000}, AppendOrigin::kCoordinator).ok())
      << "a client's would be refused";
  ASSERT_TRUE(append(*log, {.timestamp = 3000}, 4).ok());

  const auto found = log->offset_for_timestamp(Timestamp{1500});
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found.value()->offset, Offset{1});
  EXPECT_EQ(found.value()->timestamp, Timestamp{2001}) << "the largest the batch has";
  EXPECT_EQ(found.value()->leader_epoch, LeaderEpoch{4});
  EXPECT_EQ(log->offset_for_timestamp(Timestamp{2002}).value()->offset, Offset{3});
  ASSERT_TRUE(log->delete_records_before(Offset{2}).ok());
  EXPECT_EQ(log->offset_for_timestamp(Timestamp{1500}).value()->offset, Offset{2})
      << "not before the log's start";
}

TEST_F(PartitionLogTest, FindsATimeByTheHeaderOfABatchThatInflatesToTooMuch) {
  open();
  const std::string large(std::size_t{40} << 20U, 'a');
  std::string bomb = make_batch(
      {.values = {"first", large}, .timestamp = 2000, .compression = wire::Compression::kZstd});
  ASSERT_LT(bomb.size(), 100'000U);
  ASSERT_TRUE(log->append(bomb, LeaderEpoch{4}, Timestamp{1000}).ok())
      << "readers of records take it";

  const auto found = log->offset_for_timestamp(Timestamp{2001});
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found.value()->offset, Offset{0}) << "its second record is not looked for";
}

TEST_F(PartitionLogTest, AnEmptyLogHasNoTimes) {
  open();
  EXPECT_FALSE(log->offset_for_timestamp(Timestamp{0}).value().has_value());
  EXPECT_FALSE(log->max_timestamp().value().has_value());
}

TEST_F(PartitionLogTest, RefusesBatchesAsKafkaDoes) {
  config.max_message_bytes = 1000;
  open();
  const auto error_of = [&](std::string batch) {
    const auto result = log->append(batch, LeaderEpoch{0}, Timestamp{1000});
    return result.ok() ? KafkaError::kNone : wire::kafka_error_of(result.error());
  };
  const std::string good = make_batch({});
  std::string flipped = good;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  std::string old_magic = good;
  old_magic[wire::batch_format::kMagicAt] = 1;
  std::string shifted = good;
  wire::patch_base_offset(shifted.data(), Offset{5});
  std::string stamped = good;
  wire::patch_log_append_time(stamped.data(), stamped.size(), Timestamp{1000});

  EXPECT_EQ(error_of(flipped), KafkaError::kCorruptMessage);
  EXPECT_EQ(error_of(good + "x"), KafkaError::kCorruptMessage);
  EXPECT_EQ(error_of(good.substr(0, good.size() - 1)), KafkaError::kCorruptMessage);
  EXPECT_EQ(error_of(good.substr(0, 20)), KafkaError::kCorruptMessage);
  EXPECT_EQ(error_of(""), KafkaError::kCorruptMessage);
  EXPECT_EQ(error_of(old_magic), KafkaError::kInvalidRecord);
  EXPECT_EQ(error_of(shifted), KafkaError::kInvalidRecord);
  EXPECT_EQ(error_of(stamped), KafkaError::kInvalidTimestamp);
  EXPECT_EQ(append_error({.values = {std::string(1000, 'x')}}), KafkaError::kMessageTooLarge);
  EXPECT_EQ(append_error({.timestamp = 4000000}), KafkaError::kInvalidTimestamp)
      << "over 1 h ahead";
  EXPECT_EQ(append_error({.producer_id = 1, .sequence = -1}), KafkaError::kInvalidRecord);
  EXPECT_EQ(log->log_end_offset(), Offset{0}) << "none of them left anything behind";
  EXPECT_EQ(error_of(good), KafkaError::kNone);
}

TEST_F(PartitionLogTest, RefusesControlBatchesFromClients) {
  open();
  wire::BatchOptions options;
  options.is_control = true;
  wire::RecordBatchBuilder builder(options);
  builder.append(Timestamp{1}, std::string("\0\0\0\1", 4), "marker");
  Buffer control = builder.build();
  const std::span<char> bytes{control.data(), control.size()};
  EXPECT_EQ(wire::kafka_error_of(log->append(bytes, LeaderEpoch{0}, Timestamp{1}).error()),
            KafkaError::kInvalidRecord);
  EXPECT_TRUE(log->append(bytes, LeaderEpoch{0}, Timestamp{1}, AppendOrigin::kCoordinator).ok());
}

TEST_F(PartitionLogTest, RefusesSenselessRecordsUnderARightChecksum) {
  open();
  std::string senseless = make_batch({});
  std::fill(senseless.begin() + wire::batch_format::kHeaderSize, senseless.end(), '\xff');
  const std::string_view covered =
      std::string_view(senseless).substr(wire::batch_format::kCrcCoversFrom);
  store_big_endian(senseless.data() + wire::batch_format::kCrcAt, wire::crc32c(covered));

  const auto result = log->append(senseless, LeaderEpoch{0}, Timestamp{1000});

  EXPECT_EQ(wire::kafka_error_of(result.error()), KafkaError::kInvalidRecord);
  EXPECT_EQ(log->log_end_offset(), Offset{0});
}

TEST_F(PartitionLogTest, ACompactedTopicWantsKeys) {
  config.cleanup_policy_compact = true;
  open();
  EXPECT_EQ(append_error({.key = std::nullopt}), KafkaError::kInvalidRecord);
  EXPECT_EQ(append_error({.compression = wire::Compression::kZstd, .key = std::nullopt}),
            KafkaError::kInvalidRecord);
  EXPECT_EQ(append_error({}), KafkaError::kNone);
}

TEST_F(PartitionLogTest, AnswersADuplicateWithItsFirstOffsets) {
  open();
  const BatchSpec spec{.values = {"a", "b"}, .producer_id = 9, .sequence = 0};
  ASSERT_EQ(append(*log, spec).value().base_offset, Offset{0});
  ASSERT_TRUE(append(*log, {}).ok());

  const AppendResult again = append(*log, spec).value();
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.base_offset, Offset{0});
  EXPECT_EQ(again.last_offset, Offset{1});
  EXPECT_EQ(log->log_end_offset(), Offset{3});
  EXPECT_EQ(append_error({.producer_id = 9, .sequence = 3}), KafkaError::kOutOfOrderSequenceNumber);
  EXPECT_EQ(append_error({.producer_id = 9, .sequence = 2}), KafkaError::kNone);
}

TEST_F(PartitionLogTest, ForgetsSilentProducers) {
  open();
  ASSERT_TRUE(append(*log, {.timestamp = 1000, .producer_id = 9, .sequence = 0}).ok());
  log->expire_producers(Timestamp{1000}, Millis{1000});
  log->expire_producers(Timestamp{1500}, Millis{1000});
  EXPECT_NE(append_error({.producer_id = 9, .sequence = 7}), KafkaError::kNone);
  log->expire_producers(Timestamp{2000}, Millis{1000});
  EXPECT_EQ(append_error({.producer_id = 9, .sequence = 7}), KafkaError::kNone);
}

}  // namespace
}  // namespace millrace::storage
