#include "storage/group_flusher.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/log.h"
#include "sim/sim_file_system.h"
#include "storage/testing/batches.h"

namespace millrace::storage {
namespace {

std::shared_ptr<PartitionLog> open_log(sim::SimFileSystem& files, const std::string& name) {
  return PartitionLog::open(files, "/data/" + name, LogConfig{},
                            {Timestamp{0}, PreviousStop::kUnclean, Offset{0}, Offset{0}})
      .value();
}

TEST(GroupFlusher, CallsBackOnceWhatWasAppendedIsOnDisk) {
  sim::SimFileSystem files;
  const auto log = open_log(files, "a-0");
  ASSERT_TRUE(testing::append(*log, {}).ok());
  const auto env = io::make_system_env();
  GroupFlusher flusher(*env);
  std::atomic<std::int64_t> synced{-1};
  flusher.request(log, [&](const Status& status) {
    if (status.ok()) synced = log->recovery_point().value();
  });
  flusher.drain();
  EXPECT_EQ(synced, 1);
}

TEST(GroupFlusher, ManyRequestsShareAFewSyncs) {
  sim::SimFileSystem files;
  const auto log = open_log(files, "a-0");
  ASSERT_TRUE(testing::append(*log, {}).ok());
  ASSERT_TRUE(log->flush().ok());
  ASSERT_TRUE(testing::append(*log, {}).ok());
  const std::uint64_t calls_before = files.call_count();
  std::atomic<int> answered{0};
  {
    const auto env = io::make_system_env();
    GroupFlusher flusher(*env, Millis{2});
    for (int i = 0; i < 1000; ++i) {
      flusher.request(log, [&](const Status& status) { answered += status.ok(); });
    }
  }
  EXPECT_EQ(answered, 1000) << "its end waits for all of them";
  EXPECT_EQ(files.call_count() - calls_before, 1U) << "one sync for all that was appended";
}

TEST(GroupFlusher, TellsEachLogItsOwnOutcome) {
  set_log_level(LogLevel::kOff);
  sim::SimFileSystem files;
  const auto bad = open_log(files, "bad-0");
  const auto good = open_log(files, "good-0");
  ASSERT_TRUE(testing::append(*bad, {}).ok());
  ASSERT_TRUE(testing::append(*good, {}).ok());
  files.fail_call(1, sim::Fault::kIo);
  std::atomic<int> failures{0};
  std::atomic<int> successes{0};
  const auto count = [&](const Status& status) { (status.ok() ? successes : failures) += 1; };
  const auto env = io::make_system_env();
  GroupFlusher flusher(*env);
  flusher.request(bad, count);
  flusher.drain();
  flusher.request(good, count);
  flusher.drain();
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(successes, 1);
  set_log_level(LogLevel::kWarn);
}

TEST(GroupFlusher, DrainsAtOnceWhenIdle) {
  const auto env = io::make_system_env();
  GroupFlusher flusher(*env);
  flusher.drain();
}

}  // namespace
}  // namespace millrace::storage
