// A log of which a file was lost or emptied after a clean stop.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/log/log_recovery.h"
#include "storage/testing/log_fixture.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::LogFixture;
using testing::read_log;
using wire::KafkaError;

/// Six segments of a record each, whose log was stopped cleanly.
class LostSegmentAfterACleanStop : public LogFixture {
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

}  // namespace
}  // namespace millrace::storage
