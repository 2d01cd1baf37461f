// A log whose end was damaged after a clean stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "storage/log/log_recovery.h"
#include "storage/testing/log_fixture.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::LogFixture;
using testing::read_log;
using wire::KafkaError;

class LogBadEndTest : public LogFixture {};

TEST_F(LogBadEndTest, CutsNothingOffACleanLogWhoseEndIsBadButRefusesItUnlessTold) {
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

class BadEndAfterACleanStop : public LogFixture {
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

}  // namespace
}  // namespace millrace::storage
