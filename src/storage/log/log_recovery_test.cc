// What a log is after any kind of stop.
#include "storage/log/log_recovery.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "storage/producers/producer_refill.h"
#include "storage/testing/log_fixture.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::BatchSpec;
using testing::LogFixture;
using testing::read_log;
using wire::KafkaError;

class LogRecoveryTest : public LogFixture {};

TEST_F(LogRecoveryTest, KnowsProducersAndEpochsAgainAfterACleanStop) {
  open();
  ASSERT_TRUE(append(*log, {.producer_id = 9, .sequence = 0}, 4).ok());
  ASSERT_TRUE(log->close().ok());

  open(PreviousStop::kClean);
  EXPECT_EQ(log->recovery().segments_scanned, 0);
  EXPECT_EQ(log->log_end_offset(), Offset{1});
  EXPECT_EQ(log->recovery_point(), Offset{1});
  EXPECT_EQ(log->latest_leader_epoch(), LeaderEpoch{4});
  EXPECT_TRUE(append(*log, {.producer_id = 9, .sequence = 0}).value().duplicate);
  EXPECT_EQ(append_error({.producer_id = 9, .sequence = 5}), KafkaError::kOutOfOrderSequenceNumber);
}

TEST_F(LogRecoveryTest, KnowsProducersAgainAfterAnUncleanStopThoughNoSnapshotWasWritten) {
  open();
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(append(*log, {.producer_id = 9, .sequence = i}, 4).ok());

  open(PreviousStop::kUnclean);
  EXPECT_EQ(log->recovery().segments_scanned, 1);
  EXPECT_FALSE(log->recovery().lost_tail());
  EXPECT_TRUE(append(*log, {.producer_id = 9, .sequence = 2}).value().duplicate) << "one of five";
  EXPECT_EQ(append_error({.producer_id = 9, .sequence = 1}), KafkaError::kOutOfOrderSequenceNumber)
      << "older than five";
  EXPECT_EQ(append_error({.producer_id = 9, .sequence = 7}), KafkaError::kNone);
}

TEST_F(LogRecoveryTest, KnowsFiveBatchesOfAProducerAgainAfterAnyStop) {
  config.segment_bytes = 300;  // so that they lie in several segments, with a snapshot at each roll
  open();
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(
        append(*log, {.values = {std::string(100, 'x')}, .producer_id = 9, .sequence = i}).ok());
    ASSERT_TRUE(append(*log, {.producer_id = 8, .sequence = i}).ok()) << "another one between";
  }
  ASSERT_GT(log->segment_count(), 3U);
  ASSERT_TRUE(log->flush().ok());
  for (const PreviousStop stop : {PreviousStop::kUnclean, PreviousStop::kClean}) {
    if (stop == PreviousStop::kClean) {
      ASSERT_TRUE(log->close().ok());
    }
    open(stop, log->recovery_point());

    for (int i = 2; i < 7; ++i) {
      const auto again =
          append(*log, {.values = {std::string(100, 'x')}, .producer_id = 9, .sequence = i});
      ASSERT_TRUE(again.ok()) << i << ": " << again.error().message;
      EXPECT_TRUE(again->duplicate) << i;
      EXPECT_EQ(again->base_offset, Offset{2 * i}) << i;
    }
    EXPECT_EQ(append_error({.producer_id = 9, .sequence = 1}),
              KafkaError::kOutOfOrderSequenceNumber)
        << "older than five";
    EXPECT_EQ(log->log_end_offset(), Offset{14});
  }
  EXPECT_EQ(append_error({.producer_id = 9, .sequence = 7}), KafkaError::kNone);
}

TEST_F(LogRecoveryTest, LooksForOlderBatchesOnlyInTheLastMebibytes) {
  config.max_message_bytes = 2 << 20;
  open();
  const BatchSpec first{.producer_id = 9, .sequence = 5};
  const BatchSpec second{.producer_id = 9, .sequence = 6};
  ASSERT_TRUE(append(*log, first).ok());
  const BatchSpec filler{.values = {std::string(1 << 20, 'x')}};
  for (std::uint64_t n = 0; n <= kRefillBytesMax >> 20U; ++n) {
    ASSERT_TRUE(append(*log, filler).ok());
  }
  ASSERT_TRUE(append(*log, second).ok());
  ASSERT_TRUE(log->close().ok());
  open();

  EXPECT_TRUE(append(*log, second).value().duplicate) << "as the snapshot says";
  EXPECT_EQ(append_error(first), KafkaError::kOutOfOrderSequenceNumber);
}

TEST_F(LogRecoveryTest, OpensThoughABatchThatIsOnlyLookedAtIsBad) {
  config.segment_bytes = 100;  // a batch each
  open();
  for (int i = 3; i < 6; ++i) ASSERT_TRUE(append(*log, {.producer_id = 9, .sequence = i}).ok());
  ASSERT_TRUE(log->close().ok());
  log.reset();
  auto file = files.open("/data/topic-0/00000000000000000001.log", io::OpenMode::kReadWrite);
  ASSERT_TRUE(file.value()->write_at(wire::batch_format::kMagicAt, "!").ok());

  open();

  EXPECT_TRUE(append(*log, {.producer_id = 9, .sequence = 5}).value().duplicate);
  EXPECT_EQ(append_error({.producer_id = 9, .sequence = 3}), KafkaError::kOutOfOrderSequenceNumber);
}

TEST_F(LogRecoveryTest, ScansOnlyFromTheRecoveryPointOn) {
  config.segment_bytes = 300;
  open();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  ASSERT_TRUE(log->flush_sealed().ok());
  EXPECT_EQ(log->recovery_point(), Offset{5});

  open(PreviousStop::kUnclean, Offset{4});
  EXPECT_EQ(log->recovery().segments_scanned, 2);
  EXPECT_EQ(read_log(*log)->size(), 6U);
}

TEST_F(LogRecoveryTest, EndsAtTheFirstBadBatchOfAnUnflushedSegmentAndDropsWhatFollows) {
  config.segment_bytes = 300;
  open();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  log.reset();
  const std::string dropped = files.read_all("/data/topic-0/00000000000000000004.log").value();
  auto file = files.open("/data/topic-0/00000000000000000002.log", io::OpenMode::kReadWrite);
  ASSERT_TRUE(file.value()->write_at(100, "!").ok());

  open(PreviousStop::kUnclean);
  EXPECT_EQ(log->log_end_offset(), Offset{2});
  EXPECT_EQ(log->recovery().segments_deleted, 3);
  EXPECT_GT(log->recovery().bytes_truncated, 200);
  EXPECT_TRUE(log->recovery().lost_tail());
  EXPECT_EQ(read_log(*log)->size(), 2U);
  EXPECT_EQ(append(*log, {}).value().base_offset, Offset{2});
  EXPECT_THAT(names(".corrupt-0"), ::testing::ElementsAre("00000000000000000003.log.corrupt-0",
                                                          "00000000000000000004.log.corrupt-0",
                                                          "00000000000000000005.log.corrupt-0"));
  EXPECT_EQ(files.read_all("/data/topic-0/00000000000000000004.log.corrupt-0").value(), dropped);
}

TEST_F(LogRecoveryTest, KeepsWholeBatchesThatRecoveryCutsOffBesideTheLog) {
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  log.reset();
  const std::string path = "/data/topic-0/00000000000000000000.log";
  const std::string whole = files.read_all(path).value();
  const std::size_t second = whole.size() / 3;
  auto file = files.open(path, io::OpenMode::kReadWrite);
  ASSERT_TRUE(file.value()->write_at(second + 16, "!").ok());
  const std::string hurt = files.read_all(path).value();

  open(PreviousStop::kUnclean);
  EXPECT_EQ(log->log_end_offset(), Offset{1});
  EXPECT_EQ(files.read_all(fmt::format("{}.corrupt-{}", path, second)).value(),
            hurt.substr(second));
}

TEST_F(LogRecoveryTest, EndsBehindAWholeSegmentWithBadBytesAfterIt) {
  config.segment_bytes = 300;
  open();
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(
        append(*log, {.values = {std::string(200, 'x')}, .producer_id = 9, .sequence = i}).ok());
  }
  log.reset();
  auto file = files.open("/data/topic-0/00000000000000000002.log", io::OpenMode::kReadWrite);
  ASSERT_TRUE(file.value()->append("no batch").ok());

  open(PreviousStop::kUnclean);
  EXPECT_EQ(log->log_end_offset(), Offset{3});
  EXPECT_EQ(append_error({.producer_id = 9, .sequence = 3}), KafkaError::kNone);
}

TEST_F(LogRecoveryTest, AnIndexThatLeadsAstrayHidesNoRecord) {
  set_log_level(LogLevel::kOff);
  config.segment_bytes = 2000;
  config.index_interval_bytes = 250;
  open();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(append(*log, {.timestamp = 1000 + i}).ok());
  ASSERT_TRUE(log->close().ok());
  log.reset();
  const std::string path = "/data/topic-0/00000000000000000000.index";
  const std::string whole = files.read_all(path).value();
  ASSERT_GT(whole.size(), 32U);
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string hurt = whole;
    hurt[bit / 8] = static_cast<char>(hurt[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_TRUE(files.replace_atomically(path, hurt).ok());
    open(PreviousStop::kClean);
    for (int i = 0; i < 40; ++i) {
      const auto found = log->read(Offset{i}, 300, MinOneBatch::kYes);
      ASSERT_TRUE(found.ok()) << "bit " << bit << ", offset " << i << ": " << found.error().message;
      ASSERT_EQ(found->first_batch_base, Offset{i}) << "bit " << bit;
    }
    for (int i = 0; i < 40; i += 7) {
      const auto at = log->offset_for_timestamp(Timestamp{1000 + i});
      ASSERT_EQ(at.value()->offset, Offset{i}) << "bit " << bit;
    }
  }
  set_log_level(LogLevel::kWarn);
}

TEST_F(LogRecoveryTest, BadBytesHideNothingThatTheIndexLeadsTo) {
  set_log_level(LogLevel::kOff);
  config.index_interval_bytes = 100;
  open();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(append(*log, {}).ok());
  ASSERT_TRUE(log->roll(Timestamp{1000}).ok());
  ASSERT_TRUE(log->close().ok());
  const std::uint64_t position = log->read(Offset{10}, 1, MinOneBatch::kYes)->slice.position;
  log.reset();
  auto file = files.open("/data/topic-0/00000000000000000000.log", io::OpenMode::kReadWrite);
  ASSERT_TRUE(file.value()->write_at(position + wire::batch_format::kMagicAt, "!").ok());
  open();
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_EQ(log->read(Offset{9}, 1, MinOneBatch::kYes)->first_batch_base, Offset{9});
    EXPECT_FALSE(log->read(Offset{10}, 1, MinOneBatch::kYes).ok());
    EXPECT_EQ(log->read(Offset{30}, 1, MinOneBatch::kYes)->first_batch_base, Offset{30});
  }
  set_log_level(LogLevel::kWarn);
}

TEST_F(LogRecoveryTest, ReadsOnBehindASegmentThatIsNotThereInACompactedLog) {
  config.cleanup_policy_compact = true;
  config.segment_bytes = 300;
  open();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  ASSERT_TRUE(log->close().ok());
  log.reset();
  ASSERT_TRUE(files.remove("/data/topic-0/00000000000000000002.log").ok());
  ASSERT_TRUE(files.remove("/data/topic-0/00000000000000000003.log").ok());

  open(PreviousStop::kClean);
  EXPECT_EQ(log->read(Offset{2}, 4096, MinOneBatch::kYes).value().first_batch_base, Offset{4});
  EXPECT_EQ(log->read(Offset{2}, 1, MinOneBatch::kNo).value().first_batch_base, kNoOffset);
  EXPECT_EQ(read_log(*log)->size(), 4U);

  ASSERT_TRUE(files.remove("/data/topic-0/00000000000000000001.index").ok());
  open(PreviousStop::kClean);
  EXPECT_EQ(log->recovery().segments_scanned, 1);
  EXPECT_EQ(log->read(Offset{2}, 4096, MinOneBatch::kYes).value().first_batch_base, Offset{4});
}

TEST_F(LogRecoveryTest, DoesNotScanACleanLogEvenWhenAMiddleSegmentIsBad) {
  config.segment_bytes = 300;
  open();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  ASSERT_TRUE(log->close().ok());
  log.reset();
  auto file = files.open("/data/topic-0/00000000000000000002.log", io::OpenMode::kReadWrite);
  ASSERT_TRUE(file.value()->write_at(100, "!").ok());

  open(PreviousStop::kClean);
  EXPECT_EQ(log->recovery().segments_scanned, 0);
  EXPECT_EQ(log->log_end_offset(), Offset{6});
}

TEST_F(LogRecoveryTest, RebuildsIndexesThatAreMissingOrDamaged) {
  config.segment_bytes = 2000;
  config.index_interval_bytes = 100;
  open();
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(append(*log, {.timestamp = 1000 + i}).ok());
  ASSERT_TRUE(log->close().ok());
  log.reset();
  const std::string before = files.read_all("/data/topic-0/00000000000000000000.index").value();
  const std::string times = files.read_all("/data/topic-0/00000000000000000000.timeindex").value();
  ASSERT_GT(before.size(), 8U);
  ASSERT_TRUE(files.remove("/data/topic-0/00000000000000000000.index").ok());
  const auto last = names(".timeindex").back();
  auto file = files.open("/data/topic-0/" + last, io::OpenMode::kReadWrite);
  ASSERT_TRUE(file.value()->append("odd").ok());

  open(PreviousStop::kClean);
  EXPECT_EQ(log->recovery().indexes_rebuilt, 2);
  EXPECT_EQ(files.read_all("/data/topic-0/00000000000000000000.index").value(), before);
  EXPECT_EQ(files.read_all("/data/topic-0/00000000000000000000.timeindex").value(), times);
  EXPECT_EQ(read_log(*log)->size(), 60U);
  EXPECT_EQ(log->offset_for_timestamp(Timestamp{1042}).value()->offset, Offset{42});
}

TEST_F(LogRecoveryTest, ContinuesItsIndexesAfterACleanStop) {
  config.index_interval_bytes = 100;
  open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(append(*log, {.timestamp = 1000 + i}).ok());
  ASSERT_TRUE(log->close().ok());
  open(PreviousStop::kClean);
  for (int i = 20; i < 40; ++i) ASSERT_TRUE(append(*log, {.timestamp = 1000 + i}).ok());
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(log->offset_for_timestamp(Timestamp{1000 + i}).value()->offset, Offset{i});
    EXPECT_EQ(log->read(Offset{i}, 1, MinOneBatch::kYes)->first_batch_base, Offset{i});
  }
}

TEST_F(LogRecoveryTest, BeginsAnewAtTheCheckpointWhenItsFilesAreGone) {
  open();
  ASSERT_TRUE(append(*log, {}).ok());
  open(PreviousStop::kUnclean, Offset{0}, Offset{50});
  EXPECT_EQ(log->log_start_offset(), Offset{50});
  EXPECT_EQ(append(*log, {}).value().base_offset, Offset{50});
  EXPECT_EQ(names(".corrupt-0").size(), 1U) << "records are put aside, not deleted";
}

}  // namespace
}  // namespace millrace::storage
