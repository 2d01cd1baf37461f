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

TEST_F(LogRecoveryTest, CutsNothingOffACleanLogWhoseEndIsBadButRefusesItUnlessTold) {
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  ASSERT_TRUE(log->close().ok());
  log.reset();
  const std::string path = "/data/topic-0/00000000000000000000.log";
  auto file = files.open(path, io::OpenMode::kReadWrite);
  ASSERT_TRUE(file.value()->write_at(16, "!").ok());  // the first batch's magic
  const std::string before = files.read_all(path).value();

  const auto refused = PartitionLog::open(files, "/data/topic-0", config,
                                          {Timestamp{1000}, PreviousStop::kClean, {}, {}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("00000000000000000000.log at byte 0"));
  EXPECT_EQ(files.read_all(path).value(), before);
}

class BadEndAfterACleanStop : public LogRecoveryTest {
 protected:
  static constexpr std::string_view kFirstFile = "/data/topic-0/00000000000000000000.log";

  BadEndAfterACleanStop() {
    open();
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(append(*log, {.timestamp = 1000 + i, .producer_id = 9, .sequence = i}).ok());
      ends.push_back(files.read_all(std::string(kFirstFile))->size());
    }
    EXPECT_TRUE(log->close().ok());
    log.reset();
    whole = files.read_all(std::string(kFirstFile)).value();
  }

  void damage(std::size_t position) {
    auto file = files.open(std::string(kFirstFile), io::OpenMode::kReadWrite);
    ASSERT_TRUE(file.value()->write_at(position, "!").ok());
  }
  Result<std::unique_ptr<PartitionLog>> pass_over(Offset recovery_point,
                                                  PreviousStop stop = PreviousStop::kClean) {
    log.reset();
    return PartitionLog::open(
        files, "/data/topic-0", config,
        {Timestamp{1000}, stop, recovery_point, Offset{0}, BadEnd::kPassOver});
  }
  KafkaError read_error(Offset from) {
    const auto found = log->read(from, 4096, MinOneBatch::kYes);
    return found.ok() ? KafkaError::kNone : wire::kafka_error_of(found.error());
  }

  std::vector<std::size_t> ends;  // of the batches in the file
  std::string whole;
};

TEST_F(BadEndAfterACleanStop, IsPassedOverAndTheFileLeftAsItIs) {
  damage(wire::batch_format::kMagicAt);  // the first batch's
  const std::string hurt = files.read_all(std::string(kFirstFile)).value();
  for (const auto stop : {PreviousStop::kClean, PreviousStop::kClean, PreviousStop::kUnclean}) {
    auto opened = pass_over(Offset{3}, stop);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    log = std::move(opened).value();
    EXPECT_EQ(log->log_start_offset(), Offset{0});
    EXPECT_EQ(read_error(Offset{0}), KafkaError::kCorruptMessage);
    EXPECT_EQ(read_error(Offset{2}), KafkaError::kCorruptMessage);
    EXPECT_EQ(read_error(Offset{3}), KafkaError::kNone);
    EXPECT_TRUE(append(*log, {.timestamp = 1002, .producer_id = 9, .sequence = 2})->duplicate)
        << "the snapshot is whole";
    const Offset end = log->log_end_offset();
    EXPECT_EQ(append(*log, {.timestamp = 5000}).value().base_offset, end) << "never used again";
    EXPECT_EQ(log->offset_for_timestamp(Timestamp{5000}).value()->offset, Offset{3});
    EXPECT_EQ(files.read_all(std::string(kFirstFile)).value(), hurt);
    ASSERT_TRUE(log->close().ok());
  }
  EXPECT_EQ(log->log_end_offset(), Offset{6});

  log.reset();
  auto file = files.open(std::string(kFirstFile), io::OpenMode::kReadWrite);
  ASSERT_TRUE(file.value()->truncate(0).ok());
  ASSERT_TRUE(file.value()->append(whole).ok());
  open(PreviousStop::kClean);
  EXPECT_EQ(read_log(*log)->size(), 6U) << "a restored file is served again";
}

TEST_F(BadEndAfterACleanStop, AnOnlyFileThatIsEmptiedOrGoneLeavesItsOffsets) {
  for (const bool is_gone : {false, true}) {
    ASSERT_TRUE(files.remove(std::string(kFirstFile)).ok());
    if (!is_gone) {
      ASSERT_TRUE(files.replace_atomically(std::string(kFirstFile), "").ok());
    }
    const auto refused = PartitionLog::open(files, "/data/topic-0", config,
                                            {Timestamp{1000}, PreviousStop::kClean, Offset{3}});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);

    auto opened = pass_over(Offset{3});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    log = std::move(opened).value();
    EXPECT_EQ(log->log_start_offset(), Offset{0});
    EXPECT_EQ(read_error(Offset{0}), KafkaError::kCorruptMessage);
    EXPECT_EQ(read_error(Offset{2}), KafkaError::kCorruptMessage);
    EXPECT_EQ(append(*log, {}).value().base_offset, Offset{3}) << "never used again";
    log = pass_over(Offset{3}, PreviousStop::kUnclean).value();
    EXPECT_EQ(read_error(Offset{0}), KafkaError::kCorruptMessage);
    EXPECT_EQ(log->log_end_offset(), Offset{4});

    log.reset();
    for (const std::string& name : names("")) {
      ASSERT_TRUE(files.remove("/data/topic-0/" + name).ok());
    }
    ASSERT_TRUE(files.replace_atomically(std::string(kFirstFile), whole).ok());
  }
}

TEST_F(BadEndAfterACleanStop, IsNotMissedBecauseACheckpointsOwnBytesAreBad) {
  set_log_level(LogLevel::kOff);
  for (const Offset checkpoint : {Offset{2}, Offset{7}}) {
    log = pass_over(checkpoint).value();
    EXPECT_EQ(log->log_end_offset(), Offset{3});
    EXPECT_EQ(log->segment_count(), 1U);
    log.reset();
    EXPECT_TRUE(PartitionLog::open(files, "/data/topic-0", config,
                                   {Timestamp{1000}, PreviousStop::kClean, checkpoint})
                    .ok());
  }
  set_log_level(LogLevel::kWarn);
}

TEST_F(BadEndAfterACleanStop, GivesOutWhatLiesBeforeIt) {
  damage(ends[1] + wire::batch_format::kMagicAt);
  log = pass_over(Offset{3}).value();
  EXPECT_EQ(log->read(Offset{0}, ends[1], MinOneBatch::kYes)->slice.size_bytes, ends[1]);
  EXPECT_EQ(read_error(Offset{2}), KafkaError::kCorruptMessage);
  EXPECT_EQ(log->offset_for_timestamp(Timestamp{1001}).value()->offset, Offset{1});
}

TEST_F(BadEndAfterACleanStop, IsRefusedWhereNobodyKnowsTheEnd) {
  damage(ends[1] + wire::batch_format::kMagicAt);
  for (const Offset recovery_point : {Offset{0}, Offset{1}}) {
    const auto refused = pass_over(recovery_point);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  }
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

/// Six segments of a record each, whose log was stopped cleanly.
class LostSegmentAfterACleanStop : public LogRecoveryTest {
 protected:
  LostSegmentAfterACleanStop() {
    config.segment_bytes = 300;
    config.index_interval_bytes = 0;
    open();
    for (int i = 0; i < 6; ++i) {
      EXPECT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
    }
    EXPECT_TRUE(log->close().ok());
    log.reset();
  }
  static std::string path_of(int base) { return fmt::format("/data/topic-0/{:020}.log", base); }
  void lose(int base, bool is_gone) {
    ASSERT_TRUE(files.remove(path_of(base)).ok());
    if (!is_gone) {
      ASSERT_TRUE(files.replace_atomically(path_of(base), "").ok());
    }
  }
  Result<std::unique_ptr<PartitionLog>> open_with(BadEnd bad_end, bool was_compacted = false) {
    log.reset();
    return PartitionLog::open(files, "/data/topic-0", config,
                              {.now = Timestamp{1000},
                               .previous_stop = PreviousStop::kClean,
                               .recovery_point = Offset{6},
                               .bad_end = bad_end,
                               .knows_log_start = true,
                               .was_compacted = was_compacted});
  }
  KafkaError read_error(Offset from) {
    const auto found = log->read(from, 4096, MinOneBatch::kYes);
    return found.ok() ? KafkaError::kNone : wire::kafka_error_of(found.error());
  }
};

TEST_F(LostSegmentAfterACleanStop, IsToldToItsReadersAndItsOffsetsAreNotGivenOutAgain) {
  for (const int lost : {0, 2, 5}) {
    for (const bool is_gone : {false, true}) {
      SCOPED_TRACE(::testing::Message() << lost << (is_gone ? " gone" : " emptied"));
      const std::string whole = files.read_all(path_of(lost)).value();
      lose(lost, is_gone);
      const auto refused = open_with(BadEnd::kRefuse);
      ASSERT_FALSE(refused.ok());
      EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
      EXPECT_THAT(refused.error().message, ::testing::HasSubstr("restore the log's files"));

      for (int start = 0; start < 2; ++start) {
        ::testing::internal::CaptureStderr();
        auto opened = open_with(BadEnd::kPassOver);
        const std::string said = ::testing::internal::GetCapturedStderr();
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        log = std::move(opened).value();
        EXPECT_THAT(said, ::testing::HasSubstr("error records that were on disk are gone"));
        EXPECT_THAT(said, ::testing::HasSubstr(fmt::format("from={} to={}", lost, lost + 1)));
        EXPECT_EQ(log->log_start_offset(), Offset{0});
        EXPECT_EQ(log->log_end_offset(), Offset{6});
        for (int at = 0; at < 6; ++at) {
          EXPECT_EQ(read_error(Offset{at}),
                    at == lost ? KafkaError::kCorruptMessage : KafkaError::kNone)
              << at;
        }
        EXPECT_EQ(log->apply_retention(Timestamp{1000}).value(), 0U);
        ASSERT_TRUE(log->close().ok());
      }
      log.reset();
      ASSERT_TRUE(files.replace_atomically(path_of(lost), whole).ok());
      log = open_with(BadEnd::kRefuse).value();
      EXPECT_EQ(read_log(*log)->size(), 6U) << "a restored file is served again";
      EXPECT_EQ(log->log_end_offset(), Offset{6});
      log.reset();
    }
  }
  lose(5, true);
  log = open_with(BadEnd::kPassOver).value();
  EXPECT_EQ(append(*log, {}).value().base_offset, Offset{6}) << "never used again";
}

TEST_F(LostSegmentAfterACleanStop, IsNotMissedWhereCompactionMayHaveTakenItsRecords) {
  lose(2, true);
  log = open_with(BadEnd::kRefuse, true).value();
  EXPECT_EQ(log->read(Offset{2}, 4096, MinOneBatch::kYes)->first_batch_base, Offset{3});
}

TEST_F(LostSegmentAfterACleanStop, IsMissedWhereACompactedLogBegan) {
  lose(0, true);
  EXPECT_EQ(open_with(BadEnd::kRefuse, true).error().code, ErrorCode::kCorrupt);
  ::testing::internal::CaptureStderr();
  log = open_with(BadEnd::kPassOver, true).value();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::HasSubstr("error the beginning of a compacted log is gone"));
  EXPECT_EQ(log->log_start_offset(), Offset{0});
  EXPECT_EQ(log->read(Offset{0}, 4096, MinOneBatch::kYes)->first_batch_base, Offset{1});
}

TEST_F(LostSegmentAfterACleanStop, IsMissedInACompactedLogWhoseIndexKnowsMore) {
  config.cleanup_policy_compact = true;
  config.segment_bytes = 1000;
  open();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  ASSERT_TRUE(log->roll(Timestamp{1000}).ok());
  ASSERT_TRUE(log->close().ok());
  const int base = 8;
  const std::string index = fmt::format("/data/topic-0/{:020}.index", base);
  std::string hurt = files.read_all(index).value();
  ASSERT_GT(hurt.size(), 0U);
  hurt[hurt.size() - 4] = '\x40';
  ASSERT_TRUE(files.replace_atomically(index, hurt).ok());
  ASSERT_TRUE(open_with(BadEnd::kRefuse).ok()) << "an index alone says nothing";
  lose(base, false);
  EXPECT_EQ(open_with(BadEnd::kRefuse).error().code, ErrorCode::kCorrupt);
  log = open_with(BadEnd::kPassOver).value();
  EXPECT_EQ(read_error(Offset{base}), KafkaError::kCorruptMessage);
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

TEST_F(LogRecoveryTest, ClosesWithoutACallWhenNothingChangedSinceACleanStop) {
  open();
  ASSERT_TRUE(files.sync_directory("/").ok());  // what the data directory does
  ASSERT_TRUE(append(*log, {.producer_id = 9, .sequence = 0}).ok());
  ASSERT_TRUE(log->close().ok());
  for (int stop = 0; stop < 3; ++stop) {
    open(PreviousStop::kClean);
    ASSERT_EQ(read_log(*log)->size(), 1U);
    const std::uint64_t calls = files.call_count();
    ASSERT_TRUE(log->close().ok());
    EXPECT_EQ(files.call_count(), calls);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto after = files.crash(seed);
      const auto again = PartitionLog::open(*after, "/data/topic-0", config,
                                            {Timestamp{1000}, PreviousStop::kClean, {}, {}});
      ASSERT_TRUE(again.ok()) << again.error().message;
      ASSERT_EQ(read_log(**again)->size(), 1U) << "a power cut after the stop takes nothing";
    }
  }
  open(PreviousStop::kClean);
  EXPECT_EQ(log->recovery().segments_scanned, 0);
  EXPECT_TRUE(append(*log, {.producer_id = 9, .sequence = 0}).value().duplicate);
}

TEST_F(LogRecoveryTest, ANewLogWithoutRecordsClosesWithItsNamesSyncedAndNothingElse) {
  open();
  ASSERT_TRUE(files.sync_directory("/").ok());
  const std::uint64_t calls = files.call_count();
  ASSERT_TRUE(log->close().ok());
  EXPECT_EQ(files.call_count(), calls + 2) << "the log's directory and the one it is in";
  EXPECT_THAT(names(""), ::testing::ElementsAre("00000000000000000000.log"));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_TRUE(files.crash(seed)->exists("/data/topic-0/00000000000000000000.log").value());
  }

  open(PreviousStop::kClean);
  EXPECT_EQ(log->recovery().segments_scanned, 0);
  const std::uint64_t calls_later = files.call_count();
  ASSERT_TRUE(log->close().ok());
  EXPECT_EQ(files.call_count(), calls_later);

  open(PreviousStop::kClean);
  EXPECT_EQ(append(*log, {.producer_id = 9, .sequence = 0}).value().base_offset, Offset{0});
  ASSERT_TRUE(log->close().ok());
  open(PreviousStop::kClean);
  EXPECT_TRUE(append(*log, {.producer_id = 9, .sequence = 0}).value().duplicate);
}

TEST_F(LogRecoveryTest, ClosesInFullAfterAnyChangeAndAfterWhateverWasMended) {
  config.segment_bytes = 300;
  const BatchSpec large{.values = {std::string(200, 'x')}, .producer_id = 9};
  const std::string directory = "/data/topic-0/";
  const auto reopened_and_closed = [&](PreviousStop stop, const auto& change) {
    open(stop);
    change();
    const std::uint64_t calls = files.call_count();
    EXPECT_TRUE(log->close().ok());
    EXPECT_GT(files.call_count(), calls);
    log.reset();
    const auto snapshots = names(".snapshot");
    EXPECT_FALSE(snapshots.empty());
    open(PreviousStop::kClean);
    EXPECT_EQ(log->recovery().segments_scanned, 0) << "indexes are there";
    log.reset();
    return snapshots.back();
  };
  const auto nothing = [] {};
  for (std::int32_t i = 0; i < 3; ++i) {
    const std::string snapshot = reopened_and_closed(PreviousStop::kClean, [&] {
      BatchSpec spec = large;
      spec.sequence = i;
      ASSERT_TRUE(append(*log, spec).ok());
    });
    EXPECT_EQ(snapshot, fmt::format("{:020}.snapshot", i + 1));
  }
  reopened_and_closed(PreviousStop::kUnclean, nothing);
  reopened_and_closed(PreviousStop::kClean,
                      [&] { ASSERT_TRUE(log->delete_records_before(Offset{2}).ok()); });

  ASSERT_TRUE(files.remove(directory + names(".snapshot").back()).ok());
  EXPECT_EQ(reopened_and_closed(PreviousStop::kClean, nothing), "00000000000000000003.snapshot");
  ASSERT_TRUE(files.remove(directory + names(".index").back()).ok());
  reopened_and_closed(PreviousStop::kClean, nothing);
  ASSERT_TRUE(files.remove(directory + names(".timeindex").front()).ok());
  reopened_and_closed(PreviousStop::kClean, nothing);
  reopened_and_closed(PreviousStop::kClean, [&] { ASSERT_TRUE(log->roll(Timestamp{1}).ok()); });
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
