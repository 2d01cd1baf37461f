#include "storage/log/log_flusher.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "storage/testing/hooked_file_system.h"
#include "storage/testing/log_fixture.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using testing::append;
using testing::LogFixture;
using wire::KafkaError;

class LogFlusherTest : public LogFixture {};

TEST_F(LogFlusherTest, MovesTheRecoveryPointToWhatWasSyncedAndThenHasNothingToDo) {
  config.segment_bytes = 300;
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*log, {.values = {std::string(200, 'x')}}).ok());
  EXPECT_EQ(log->recovery_point(), Offset{0});
  ASSERT_TRUE(log->flush_sealed().ok());
  EXPECT_EQ(log->recovery_point(), Offset{2}) << "where the active segment begins";
  ASSERT_TRUE(log->flush().ok());
  EXPECT_EQ(log->recovery_point(), Offset{3});

  const std::uint64_t calls = files.call_count();
  ASSERT_TRUE(log->flush().ok());
  ASSERT_TRUE(log->flush_sealed().ok());
  EXPECT_EQ(files.call_count(), calls);
}

TEST_F(LogFlusherTest, TakesNoMoreAppendsAfterAFailedSync) {
  open();
  ASSERT_TRUE(append(*log, {}).ok());
  files.fail_call(3, sim::Fault::kIo);  // two directories, then the file
  EXPECT_EQ(wire::kafka_error_of(log->flush().error()), KafkaError::kKafkaStorageError);
  EXPECT_EQ(append_error({}), KafkaError::kKafkaStorageError);
  EXPECT_FALSE(log->flush().ok()) << "a later sync would not tell what was lost";
}

/// A log whose syncs a test is told of.
class LogFlusherBesideWriterTest : public LogFixture {
 protected:
  static inline const std::string kPath = "/data/topic-0";

  LogFlusherBesideWriterTest() {
    EXPECT_TRUE(files.create_directories("/data").ok());
    EXPECT_TRUE(files.sync_directory("/").ok());
    open_hooked();
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(append(*log, {}).ok());
  }
  void open_hooked() {
    auto opened =
        PartitionLog::open(hooked, kPath, config, {Timestamp{1000}, PreviousStop::kClean});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    log = std::move(opened).value();
  }

  /// Whatever a power cut takes now.
  void expect_first_index_on_disk() {
    const auto index = files.read_all(kPath + "/00000000000000000000.timeindex");
    ASSERT_TRUE(index.ok());
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto after = files.crash(seed);
      const auto found = after->read_all(kPath + "/00000000000000000000.timeindex");
      ASSERT_TRUE(found.ok()) << "seed " << seed;
      EXPECT_EQ(*found, *index) << "seed " << seed;
    }
  }

  testing::HookedFileSystem hooked{files};
};

TEST_F(LogFlusherBesideWriterTest, ARollDoesNotWaitForAFlush) {
  bool has_rolled = false;
  std::future<Status> rolled;
  hooked.during_sync = [&](const std::string& path) {
    if (path != kPath + "/00000000000000000000.log" || rolled.valid()) return;
    rolled = std::async(std::launch::async, [&] { return log->roll(Timestamp{1000}); });
    has_rolled = rolled.wait_for(std::chrono::seconds(60)) == std::future_status::ready;
  };
  ASSERT_TRUE(log->flush().ok());
  EXPECT_TRUE(has_rolled);
  EXPECT_TRUE(rolled.get().ok());
  EXPECT_EQ(log->segment_count(), 2U);
  EXPECT_EQ(log->recovery_point(), Offset{3});
}

/// A recovery point at its end says that its indexes are on disk: a flush that did not know that it
/// was sealed syncs it again.
TEST_F(LogFlusherBesideWriterTest, TheIndexesOfASegmentThatIsSealedDuringAFlushAreOnDiskAfterIt) {
  for (int sync = 0; sync < 3; ++sync) {  // two directories, then the file
    log.reset();
    hooked.during_sync = nullptr;
    ASSERT_TRUE(files.remove_all(kPath).ok());
    open_hooked();
    ASSERT_TRUE(append(*log, {}).ok());
    int syncs_left = sync;
    hooked.during_sync = [&](const std::string& /*path*/) {
      if (syncs_left-- == 0) {
        EXPECT_TRUE(log->roll(Timestamp{1000}).ok());
      }
    };
    ASSERT_TRUE(log->flush().ok());
    hooked.during_sync = nullptr;
    ASSERT_EQ(log->segment_count(), 2U);
    ASSERT_EQ(log->recovery_point(), Offset{1});
    SCOPED_TRACE(sync);
    expect_first_index_on_disk();
  }
}

TEST_F(LogFlusherBesideWriterTest, TheIndexesOfASegmentThatWasFlushedWholeAreOnDiskOnceItIsSealed) {
  ASSERT_TRUE(log->flush().ok());
  ASSERT_EQ(log->recovery_point(), log->log_end_offset());
  ASSERT_TRUE(log->roll(Timestamp{1000}).ok());
  expect_first_index_on_disk();
}

TEST_F(LogFlusherBesideWriterTest, ASegmentThatIsNotSealedAfterAllTakesAppends) {
  for (std::uint64_t call = 1;; ++call) {
    files.fail_call(call, sim::Fault::kIo);
    const Status rolled = log->roll(Timestamp{1000});
    const bool has_failed = files.fault_hit();
    files.clear_fault();
    if (!has_failed) break;
    EXPECT_FALSE(rolled.ok()) << call;
    ASSERT_TRUE(log->flush().ok()) << call;
    EXPECT_EQ(log->recovery_point(), log->log_end_offset());
    ASSERT_TRUE(append(*log, {}).ok()) << call;
    EXPECT_EQ(log->segment_count(), 1U);
  }
  EXPECT_EQ(log->segment_count(), 2U);
}

}  // namespace
}  // namespace millrace::storage
