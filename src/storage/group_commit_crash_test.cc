// The promise behind acks=all: once the group flusher has called back, a power cut at that very
// moment, whatever it does to bytes and names that were not synced, leaves what was appended
// before.
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/sim_file_system.h"
#include "storage/group_flusher.h"
#include "storage/testing/batches.h"

namespace millrace::storage {
namespace {

LogConfig small_segments() {
  LogConfig config;
  config.segment_bytes = 700;
  config.index_interval_bytes = 100;
  return config;
}

Result<std::unique_ptr<PartitionLog>> open_log(sim::SimFileSystem& files, std::size_t index) {
  return PartitionLog::open(files, "/data/topic-" + std::to_string(index), small_segments(),
                            {Timestamp{1000}, PreviousStop::kUnclean, Offset{0}, Offset{0}});
}

/// The disk as a power cut left it right when a flush was confirmed.
struct Wreck {
  std::unique_ptr<sim::SimFileSystem> files;
  std::size_t log;
  std::int64_t confirmed_end;
};

void check(const Wreck& wreck, const std::vector<std::string>& appended) {
  const auto log = open_log(*wreck.files, wreck.log);
  ASSERT_TRUE(log.ok()) << log.error().message;
  const auto records = testing::read_log(**log);
  ASSERT_TRUE(records.has_value()) << "no batch that is served is corrupt";
  ASSERT_GE(static_cast<std::int64_t>(records->size()), wreck.confirmed_end)
      << "confirmed records are gone";
  ASSERT_LE(records->size(), appended.size());
  for (std::size_t i = 0; i < records->size(); ++i) {
    ASSERT_EQ((*records)[i].value, appended[i]) << "offset " << i;
  }
}

void run_seed(std::uint64_t seed) {
  Random random(seed);
  sim::SimFileSystem files;
  ASSERT_TRUE(files.create_directories("/data").ok());
  ASSERT_TRUE(files.sync_directory("/").ok());
  std::vector<std::shared_ptr<PartitionLog>> logs;
  for (std::size_t index = 0; index < 2; ++index) {
    auto log = open_log(files, index);
    ASSERT_TRUE(log.ok());
    logs.push_back(std::move(log).value());
  }

  std::vector<std::vector<std::string>> appended(logs.size());
  std::mutex mutex;
  std::vector<Wreck> wrecks;
  {
    // Appends go on while earlier ones are synced, so each cut finds some that are not.
    const auto env = io::make_system_env();
    GroupFlusher flusher(*env, Millis{random.chance(0.5) ? 0 : 1});
    for (int i = 0; i < 60; ++i) {
      const std::size_t index = random.below(logs.size());
      const auto& log = logs[index];
      appended[index].push_back(std::string(random.below(200), static_cast<char>('a' + i % 26)));
      ASSERT_TRUE(testing::append(*log, {.values = {appended[index].back()}}).ok());
      if (random.chance(0.3)) flusher.request_sealed(log);
      if (random.chance(0.5)) continue;
      const auto end = static_cast<std::int64_t>(appended[index].size());
      flusher.request(log, [&, index, end, cut = random.next()](const Status& status) {
        EXPECT_TRUE(status.ok());
        const std::lock_guard lock(mutex);
        wrecks.push_back({files.crash(cut), index, end});
      });
    }
  }
  ASSERT_FALSE(wrecks.empty());
  for (const Wreck& wreck : wrecks) {
    check(wreck, appended[wreck.log]);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(GroupCommitCrash, WhatTheFlusherConfirmedSurvivesAPowerCutAtThatMoment) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    run_seed(seed);
    if (::testing::Test::HasFatalFailure()) break;
  }
}

}  // namespace
}  // namespace millrace::storage
