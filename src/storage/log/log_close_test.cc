// What closing a log writes, and when it writes nothing.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/log/log_recovery.h"
#include "storage/testing/log_fixture.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::BatchSpec;
using testing::LogFixture;
using testing::read_log;

class LogCloseTest : public LogFixture {};

TEST_F(LogCloseTest, ClosesWithoutACallWhenNothingChangedSinceACleanStop) {
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

TEST_F(LogCloseTest, ANewLogWithoutRecordsClosesWithItsNamesSyncedAndNothingElse) {
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

TEST_F(LogCloseTest, ClosesInFullAfterAnyChangeAndAfterWhateverWasMended) {
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

}  // namespace
}  // namespace millrace::storage
