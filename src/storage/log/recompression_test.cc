// A topic's compression.type: batches are stored with its codec, and say what they said.
#include "storage/log/recompression.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/testing/log_fixture.h"
#include "wire/record_batch_builder.h"
#include "wire/record_batch_format.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::BatchSpec;
using testing::LogFixture;
using testing::read_log;
using wire::Compression;
using wire::KafkaError;

constexpr std::array kCodecs{Compression::kNone, Compression::kGzip, Compression::kSnappy,
                             Compression::kLz4, Compression::kZstd};

class RecompressionTest : public LogFixture {};

TEST_F(RecompressionTest, StoresEveryCodecAsEveryOtherAndProducerKeepsIt) {
  std::int64_t next = 0;
  open();
  for (const Compression sent : kCodecs) {
    const std::vector<std::optional<Compression>> kept_in{std::nullopt,       Compression::kNone,
                                                          Compression::kGzip, Compression::kSnappy,
                                                          Compression::kLz4,  Compression::kZstd};
    for (const auto& type : kept_in) {
      config.compression = type;
      log->set_config(config);
      const BatchSpec spec{.values = {std::string(500, 'a'), "b", "c"},
                           .timestamp = 5000 + next,
                           .compression = sent};
      const auto appended = append(*log, spec);
      ASSERT_TRUE(appended.ok()) << appended.error().message;
      EXPECT_EQ(appended->base_offset, Offset{next});
      const auto header = first_header(Offset{next});
      EXPECT_EQ(header.compression(), type.value_or(sent));
      EXPECT_EQ(header.record_count, 3);
      EXPECT_EQ(header.max_timestamp, Timestamp{5002 + next});
      next += 3;
    }
  }
  const auto records = read_log(*log);
  ASSERT_EQ(records->size(), static_cast<std::size_t>(next));
  for (std::size_t i = 0; i < records->size(); ++i) {
    EXPECT_EQ((*records)[i].offset, static_cast<std::int64_t>(i));
    EXPECT_EQ((*records)[i].timestamp, 5000 + static_cast<std::int64_t>(i));
    EXPECT_EQ((*records)[i].value, i % 3 == 0 ? std::string(500, 'a') : i % 3 == 1 ? "b" : "c");
  }
}

TEST_F(RecompressionTest, AnIdempotentBatchKeepsItsProducerAndIsKnownAgain) {
  config.compression = Compression::kZstd;
  open();
  for (const std::int32_t sequence : {0, 1}) {
    ASSERT_TRUE(append(*log, {.producer_id = 7, .sequence = sequence}).ok());
  }
  const auto header = first_header(Offset{1});
  EXPECT_EQ(header.producer_id, ProducerId{7});
  EXPECT_EQ(header.base_sequence, 1);
  EXPECT_EQ(header.compression(), Compression::kZstd);
  const auto again = append(*log, {.producer_id = 7, .sequence = 1});
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->base_offset, Offset{1});
}

TEST_F(RecompressionTest, TheLogsTimeStampAndTheEpochStandInTheStoredBatch) {
  config.compression = Compression::kLz4;
  config.message_timestamp_type = wire::TimestampType::kLogAppendTime;
  open();
  ASSERT_TRUE(append(*log, {}, 5, 7777).ok());
  const auto header = first_header(Offset{0});
  EXPECT_EQ(header.max_timestamp, Timestamp{7777});
  EXPECT_EQ(header.partition_leader_epoch, LeaderEpoch{5});
  EXPECT_EQ(header.compression(), Compression::kLz4);
}

TEST_F(RecompressionTest, RecordsThatMakeNoSenseAreRefused) {
  config.compression = Compression::kZstd;
  open();
  std::string batch =
      testing::make_batch({.values = {std::string(500, 'a')}, .compression = Compression::kGzip});
  batch[batch.size() - 1] = static_cast<char>(batch[batch.size() - 1] ^ 1);
  wire::patch_producer(batch.data(), batch.size(), kNoProducerId, kNoProducerEpoch, -1);  // its CRC
  const auto refused = log->append(batch, LeaderEpoch{0}, Timestamp{1000});
  EXPECT_EQ(wire::kafka_error_of(refused.error()), KafkaError::kInvalidRecord);
  EXPECT_EQ(log->log_end_offset(), Offset{0});
}

TEST_F(RecompressionTest, ABatchThatGrowsPastTheLimitIsRefused) {
  config.compression = Compression::kNone;
  config.max_message_bytes = 1000;
  open();
  EXPECT_EQ(append_error({.values = {std::string(5000, 'a')}, .compression = Compression::kZstd}),
            KafkaError::kMessageTooLarge);
}

TEST_F(RecompressionTest, WhatACoordinatorWritesStaysAsItIs) {
  config.compression = Compression::kZstd;
  open();
  std::string batch = testing::make_batch({});
  ASSERT_TRUE(log->append(batch, LeaderEpoch{0}, Timestamp{1000}, AppendOrigin::kCoordinator).ok());
  EXPECT_EQ(first_header(Offset{0}).compression(), Compression::kNone);
}

TEST_F(RecompressionTest, LevelsAreTheTopics) {
  config.compression = Compression::kZstd;
  EXPECT_EQ(config.compression_level(), 3);
  config.compression_zstd_level = 19;
  EXPECT_EQ(config.compression_level(), 19);
  config.compression = Compression::kGzip;
  EXPECT_EQ(config.compression_level(), std::nullopt) << "-1 is the codec's own";
  config.compression.reset();
  EXPECT_EQ(config.compression_level(), std::nullopt);
}

TEST_F(RecompressionTest, TheTopicsLevelIsWhatBatchesAreCompressedWith) {
  Random random(1);
  std::string words;
  for (int i = 0; i < 3000; ++i) words += fmt::format("{} ", random.below(1000));
  config.compression = Compression::kGzip;
  open();
  std::vector<std::size_t> sizes;
  for (const std::int64_t level : {1, 9}) {
    config.compression_gzip_level = level;
    log->set_config(config);
    const auto appended = append(*log, {.values = {words}});
    ASSERT_TRUE(appended.ok());
    sizes.push_back(first_header(appended->base_offset).size_bytes());
  }
  EXPECT_LT(sizes[1], sizes[0]);
}

}  // namespace
}  // namespace millrace::storage
