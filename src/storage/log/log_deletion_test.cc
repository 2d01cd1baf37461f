// Records, segments and logs that go: by retention, by request, with their topic.
#include <gtest/gtest.h>

#include "sim/sim_clock.h"
#include "storage/partition_log.h"
#include "storage/testing/log_fixture.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::LogFixture;
using testing::read_log;
using testing::records_in;
using wire::KafkaError;

class LogDeletionTest : public LogFixture {};

TEST_F(LogDeletionTest, DeletesBySizeFromTheOldest) {
  config.segment_bytes = 300;
  config.retention_bytes = 800;
  open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  const std::uint64_t one = log->size_bytes() / 10;

  EXPECT_EQ(log->apply_retention(Timestamp{2000}).value(), 10 - 800 / one - 1);
  EXPECT_GE(log->size_bytes(), 800U) << "the log stays at or above retention.bytes";
  EXPECT_LT(log->size_bytes(), 800U + one);
  EXPECT_EQ(log->log_start_offset().value(), static_cast<std::int64_t>(10 - log->segment_count()));
  EXPECT_EQ(names(".log").size(), log->segment_count());
  EXPECT_EQ(wire::kafka_error_of(log->read(Offset{0}, 1, MinOneBatch::kYes).error()),
            KafkaError::kOffsetOutOfRange);
}

TEST_F(LogDeletionTest, DeletesByAgeAndStartsAnewWhenAllIsOld) {
  config.segment_bytes = 300;
  config.retention_ms = 1000;
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  EXPECT_EQ(log->apply_retention(Timestamp{2000}).value(), 0U);
  EXPECT_EQ(log->apply_retention(Timestamp{2001}).value(), 3U);
  EXPECT_EQ(log->log_start_offset(), Offset{3});
  EXPECT_EQ(log->log_end_offset(), Offset{3});
  EXPECT_EQ(log->apply_retention(Timestamp{9999}).value(), 0U) << "an empty log stays";
  EXPECT_EQ(append(*log, {}).value().base_offset, Offset{3});
}

TEST_F(LogDeletionTest, ASegmentWithoutTimestampsIsAsOldAsItsFile) {
  sim::SimClock clock;
  sim::SimFileSystem dated(&clock);
  config.segment_bytes = 300;
  config.retention_ms = 1000;
  auto untimed = PartitionLog::open(dated, "/data/topic-0", config, {.now = clock.wall()}).value();
  const auto append_at = [&](std::int64_t timestamp) {
    const auto appended =
        append(*untimed, {.values = {std::string(200, 'x')}, .timestamp = timestamp}, 0,
               clock.wall().value());
    ASSERT_TRUE(appended.ok());
  };
  append_at(-1);
  append_at(-7);
  append_at(clock.wall().value());
  clock.advance(Millis{500});
  append_at(-1);
  ASSERT_EQ(untimed->segment_count(), 4U);

  clock.advance(Millis{500});
  EXPECT_EQ(untimed->apply_retention(clock.wall()).value(), 0U) << "as old as allowed";
  clock.advance(Millis{1});
  EXPECT_EQ(untimed->apply_retention(clock.wall()).value(), 3U);
  EXPECT_EQ(untimed->log_start_offset(), Offset{3});
  clock.advance(Millis{500});
  EXPECT_EQ(untimed->apply_retention(clock.wall()).value(), 1U);
  EXPECT_EQ(untimed->log_start_offset(), Offset{4});
}

TEST_F(LogDeletionTest, ASegmentOfUnknownAgeStays) {
  config.retention_ms = 1000;
  open();  // on a disk that does not say when a file was written
  ASSERT_TRUE(append(*log, {.timestamp = -1}).ok());
  EXPECT_EQ(log->apply_retention(Timestamp{INT64_MAX}).value(), 0U);
}

TEST_F(LogDeletionTest, ASliceOutlivesTheDeletionOfItsSegment) {
  config.segment_bytes = 300;
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  const LogSlice slice = log->read(Offset{0}, 1000, MinOneBatch::kYes).value();
  ASSERT_TRUE(log->delete_records_before(Offset{2}).ok());

  std::string bytes(slice.slice.size_bytes, '\0');
  ASSERT_EQ(slice.slice.file->read_at(slice.slice.position, bytes).value(), bytes.size());
  EXPECT_EQ(records_in(bytes)->front().offset, 0);
}

TEST_F(LogDeletionTest, DeletesRecordsBeforeAnOffset) {
  config.segment_bytes = 300;
  open();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(
        append(*log, {.values = {std::string(90, 'x'), "b"}, .timestamp = 1000 + 10 * i}).ok());
  }
  ASSERT_TRUE(log->delete_records_before(Offset{3}).ok());
  EXPECT_EQ(log->log_start_offset(), Offset{3});
  EXPECT_EQ(read_log(*log)->front().offset, 3);
  EXPECT_EQ(log->offset_for_timestamp(Timestamp{0}).value()->offset, Offset{3});
  EXPECT_EQ(wire::kafka_error_of(log->delete_records_before(Offset{11}).error()),
            KafkaError::kOffsetOutOfRange);

  open(PreviousStop::kUnclean, Offset{0}, Offset{3});
  EXPECT_EQ(log->log_start_offset(), Offset{3}) << "as the checkpoint says";
  ASSERT_TRUE(log->delete_records_before(kNoOffset).ok());
  EXPECT_EQ(log->log_start_offset(), Offset{10});
  EXPECT_TRUE(read_log(*log)->empty());
}

TEST_F(LogDeletionTest, EpochsBeginWhereTheRecordsThatAreLeftBegin) {
  open();
  for (const std::int32_t epoch : {0, 1}) {
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(append(*log, {}, epoch).ok());
  }
  EXPECT_EQ(log->end_offset_for_epoch(LeaderEpoch{0}).end_offset, Offset{2});
  ASSERT_TRUE(log->delete_records_before(Offset{3}).ok());
  EXPECT_EQ(log->segment_count(), 1U) << "no segment went";
  EXPECT_EQ(log->end_offset_for_epoch(LeaderEpoch{0}).end_offset, Offset{3});
}

TEST_F(LogDeletionTest, RemovesItsFolder) {
  open();
  ASSERT_TRUE(append(*log, {}).ok());
  ASSERT_TRUE(log->remove(Uuid{}).ok());
  EXPECT_FALSE(files.exists("/data/topic-0").value());
  EXPECT_EQ(append_error({}), KafkaError::kKafkaStorageError);
}

class DelayedDeletionTest : public LogDeletionTest {
 protected:
  void open_with_removal(sim::SimFileSystem& on, DelayedRemoval* into,
                         PreviousStop stop = PreviousStop::kClean) {
    log.reset();
    auto opened =
        PartitionLog::open(on, "/data/topic-0", config,
                           {.now = Timestamp{1000}, .previous_stop = stop, .removal = into});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    log = std::move(opened).value();
  }
  void append_segments(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
    }
  }

  DelayedRemoval removal{files};
};

TEST_F(DelayedDeletionTest, FilesOfSegmentsAreRenamedAndGoAfterTheirDelay) {
  config.segment_bytes = 300;
  config.file_delete_delay_ms = 100;
  open_with_removal(files, &removal);
  append_segments(4);
  ASSERT_TRUE(log->delete_records_before(Offset{2}).ok());

  EXPECT_EQ(names(".log").size(), 2U);
  EXPECT_EQ(names(".log.deleted").size(), 2U);
  const MonotonicTime start{std::chrono::hours{1}};
  EXPECT_EQ(removal.remove_due(start), 0U);
  EXPECT_GT(removal.remove_due(start + Millis{100}), 2U);
  EXPECT_TRUE(names(".deleted").empty());
  EXPECT_EQ(read_log(*log)->size(), 2U);
}

TEST_F(DelayedDeletionTest, WhatAStopLeftOfThemIsRemovedAtTheNextStart) {
  config.segment_bytes = 300;
  open_with_removal(files, &removal);
  append_segments(4);
  ASSERT_TRUE(log->delete_records_before(Offset{2}).ok());
  ASSERT_TRUE(log->close().ok());
  open_with_removal(files, &removal);
  EXPECT_TRUE(names(".deleted").empty());
  EXPECT_EQ(log->log_start_offset(), Offset{2});
}

TEST_F(DelayedDeletionTest, AReaderOfADeletedSegmentIsToldAndNeverGetsAnothersBytes) {
  config.segment_bytes = 300;
  open_with_removal(files, &removal);
  append_segments(4);
  ASSERT_TRUE(log->delete_records_before(Offset{2}).ok());
  EXPECT_EQ(wire::kafka_error_of(log->read(Offset{1}, 1000, MinOneBatch::kYes).error()),
            KafkaError::kOffsetOutOfRange);
}

TEST_F(DelayedDeletionTest, APowerCutAtAnyStepOfADeletionLeavesARunOfTheLog) {
  config.segment_bytes = 300;
  for (std::uint64_t step = 1;; ++step) {
    sim::SimFileSystem disk;
    ASSERT_TRUE(disk.create_directories("/data").ok());
    ASSERT_TRUE(disk.sync_directory("/").ok());
    DelayedRemoval gone(disk);
    open_with_removal(disk, &gone);
    append_segments(6);
    ASSERT_TRUE(log->flush().ok());
    disk.fail_from(step, sim::Fault::kIo);
    const bool went_through = log->delete_records_before(Offset{4}).ok() && !disk.fault_hit();
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto after = disk.crash(seed);
      DelayedRemoval later(*after);
      open_with_removal(*after, &later, PreviousStop::kUnclean);
      const auto records = read_log(*log);
      ASSERT_TRUE(records.has_value()) << "step " << step << " seed " << seed;
      EXPECT_EQ(log->log_end_offset(), Offset{6}) << "step " << step << " seed " << seed;
      EXPECT_GE(records->size(), 2U);
      EXPECT_LE(log->log_start_offset(), Offset{4});
      (void)later.remove_due(MonotonicTime{});
      log.reset();
    }
    if (went_through) break;
  }
}

}  // namespace
}  // namespace millrace::storage
