// Compaction in a broker on virtual time: which log is cleaned, and that its checkpoint is its own.
#include "broker/log_cleaning.h"

#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"
#include "wire/messages/incremental_alter_configs.h"
#include "wire/record_batch.h"

namespace millrace::broker {
namespace {

class LogCleaningTest : public CoreFixture {
 protected:
  std::shared_ptr<const Topic> make_compacted(const std::string& name, TopicConfigs configs = {}) {
    configs.emplace("cleanup.policy", "compact");
    configs.emplace("segment.bytes", "500");
    return make_topic(name, 1, std::move(configs));
  }
  /// Each a batch of one record.
  void put(const std::string& topic, int count, int key_count = 3) {
    for (int i = 0; i < count; ++i) {
      wire::RecordBatchBuilder builder;
      builder.append(env().clock().wall(), "key" + std::to_string(i % key_count),
                     std::string(50, 'v'));
      ASSERT_TRUE(append(topic, 0, builder.build()).ok());
    }
    ASSERT_TRUE(partition(topic).flush().ok());
  }
  Partition& partition(const std::string& topic) {
    return *state().topics.table()->find_partition(topic, 0);
  }
  std::uint64_t size(const std::string& topic) { return partition(topic).log().size_bytes(); }
  std::optional<Offset> checkpoint(const std::string& topic) {
    return core_->directory().cleaner_offset({topic, PartitionId{0}});
  }
  CleaningRounds rounds() { return {env(), core_->metadata(), core_->directory()}; }
  Timestamp now() { return env().clock().wall(); }
};

TEST_F(LogCleaningTest, ACompactedTopicIsCleanedWithoutAnybodyAsking) {
  const LogCleaning cleaning(env(), core_->metadata(), core_->directory());
  make_compacted("table");
  make_topic("events", 1, {{"segment.bytes", "500"}});
  put("table", 50);
  put("events", 50);
  const auto before = size("table");
  const auto events = size("events");
  run_for(Millis{14'000});
  EXPECT_EQ(size("table"), before);
  run_for(Millis{2'000});
  EXPECT_LT(size("table"), before / 2);
  EXPECT_EQ(size("events"), events);
}

TEST_F(LogCleaningTest, TheDirtiestIsFirstAndWhatIsCleanEnoughIsLeft) {
  make_compacted("clean");
  make_compacted("dirty");
  put("clean", 50, 50);
  auto all = rounds();
  ASSERT_TRUE(all.clean_next(now()));
  EXPECT_TRUE(checkpoint("clean").has_value());
  put("clean", 10, 50);
  put("dirty", 50);
  EXPECT_TRUE(all.clean_next(now()));
  EXPECT_TRUE(checkpoint("dirty").has_value());
  EXPECT_FALSE(all.clean_next(now())) << "a sixth of it is dirty";
}

TEST_F(LogCleaningTest, TheCheckpointOutlivesAStopAndGoesWithItsTopic) {
  make_compacted("table");
  put("table", 50);
  ASSERT_TRUE(rounds().clean_next(now()));
  const auto known = checkpoint("table");
  ASSERT_TRUE(known.has_value());
  const auto text = env().files().read_all("/data/cleaner-offset-checkpoint");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, fmt::format("0\n1\ntable 0 {}\n", *known));
  restart_cleanly();
  EXPECT_EQ(checkpoint("table"), known);
  ASSERT_TRUE(state().topics.remove("table").ok());
  make_compacted("table");
  EXPECT_EQ(checkpoint("table"), std::nullopt);
  put("table", 50);
  EXPECT_TRUE(rounds().clean_next(now()));
}

TEST_F(LogCleaningTest, CommittedOffsetsDoNotGrowForEver) {
  make_compacted(std::string(kOffsetsTopic));
  put(std::string(kOffsetsTopic), 100);
  const auto before = size(std::string(kOffsetsTopic));
  EXPECT_TRUE(rounds().clean_next(now()));
  EXPECT_LT(size(std::string(kOffsetsTopic)), before / 2);
}

TEST_F(LogCleaningTest, ALogThatCannotBeCompactedHoldsUpNoOther) {
  make_compacted("bad");
  make_compacted("good");
  put("bad", 50);
  put("good", 50);
  auto& disk = env().files();
  const std::string path = "/data/bad-0/00000000000000000000.log";
  ASSERT_TRUE(disk.rename(path, "/data/hidden").ok());
  auto all = rounds();
  int tries = 0;
  while (all.clean_next(now()) && tries < 10) ++tries;
  EXPECT_EQ(tries, 2) << "each of them once";
  EXPECT_TRUE(checkpoint("good").has_value());
  EXPECT_EQ(checkpoint("bad"), Offset{0});

  // It rests for longer each time.
  const auto due_after = [&](std::int64_t millis) {
    run_for(Millis{millis});
    return all.clean_next(now());
  };
  EXPECT_FALSE(due_after(14'999));
  EXPECT_TRUE(due_after(1));
  EXPECT_FALSE(due_after(29'999));
  ASSERT_TRUE(disk.rename("/data/hidden", path).ok());
  EXPECT_TRUE(due_after(1));
  EXPECT_GT(checkpoint("bad"), Offset{0});
}

TEST_F(LogCleaningTest, ALogThatIsOutOfUseIsPassedOver) {
  make_compacted("bad");
  make_compacted("good");
  put("bad", 50);
  put("good", 50, 40);
  wire::RecordBatchBuilder builder;
  builder.append(now(), "key", "value");
  ASSERT_TRUE(append("bad", 0, builder.build()).ok());
  auto& disk = static_cast<sim::SimFileSystem&>(env().files());
  disk.fail_call(1, sim::Fault::kIo);
  ASSERT_FALSE(partition("bad").flush().ok());
  disk.clear_fault();
  auto all = rounds();
  EXPECT_TRUE(all.clean_next(now()));
  EXPECT_TRUE(checkpoint("good").has_value());
  EXPECT_FALSE(all.clean_next(now()));
  EXPECT_FALSE(checkpoint("bad").has_value());
}

TEST_F(LogCleaningTest, ALogWhoseCheckpointCannotBeWrittenIsNotCleanedAgainAtOnce) {
  make_compacted("table");
  put("table", 50);
  auto& disk = env().files();
  const std::string in_its_place = "/data/cleaner-offset-checkpoint";
  ASSERT_TRUE(disk.create_directories(in_its_place).ok());
  auto all = rounds();
  int tries = 0;
  while (all.clean_next(now()) && tries < 10) ++tries;
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(checkpoint("table"), std::nullopt);
  ASSERT_TRUE(disk.remove_all(in_its_place).ok());
  run_for(Millis{15'000});
  EXPECT_TRUE(all.clean_next(now()));
  EXPECT_TRUE(checkpoint("table").has_value());
}

/// Its gaps are no lost records, whatever the policy says by then and wherever a kill came between.
TEST_F(LogCleaningTest, WhatCompactionTookIsNotMissedWhenTheTopicIsCompactedNoMore) {
  auto& disk = static_cast<sim::SimFileSystem&>(env().files());
  const auto set_policy = [&](const std::string& topic, const std::string& policy) {
    wire::IncrementalAlterConfigsRequest request;
    request.resources.push_back({2, topic, {{"cleanup.policy", 0, policy}}});
    const auto answers =
        call(&handle_incremental_alter_configs, std::move(request), 1)->response().responses;
    ASSERT_EQ(answers.at(0).error_code, 0);
  };
  int with_gaps = 0;
  bool has_tried_all = false;
  for (std::uint64_t fault = 1; !has_tried_all; fault += 3) {
    SCOPED_TRACE(fault);
    make_compacted("table");
    put("table", 30);
    const std::uint64_t whole = size("table");
    disk.fail_from(fault, sim::Fault::kIo);
    (void)rounds().clean_next(now());
    has_tried_all = !disk.fault_hit();
    disk.clear_fault();
    restart_after_kill();
    set_policy("table", "delete");
    ::testing::internal::CaptureStderr();
    restart_cleanly();
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    const auto& log = partition("table").log();
    if (log.size_bytes() < whole) ++with_gaps;
    EXPECT_EQ(log.log_end_offset(), Offset{30});
    for (std::int64_t at = 0; at < 30; ++at)
      EXPECT_TRUE(log.read(Offset{at}, 1, storage::MinOneBatch::kYes).ok()) << at;
    if (HasFailure()) return;

    set_policy("table", "compact");
    put("table", 30);
    EXPECT_TRUE(rounds().clean_next(now())) << "and back again";
    restart_after_kill();
    set_policy("table", "delete");
    restart_after_kill();
    const auto& again = partition("table").log();
    EXPECT_EQ(again.log_end_offset(), Offset{60});
    for (std::int64_t at = 0; at < 60; ++at)
      EXPECT_TRUE(again.read(Offset{at}, 1, storage::MinOneBatch::kYes).ok()) << at;
    const std::size_t kept = again.segment_count();
    ASSERT_TRUE(partition("table").apply_retention(now()).ok());
    EXPECT_EQ(again.segment_count(), kept) << "seven days are not over";
    if (HasFailure()) return;
    ASSERT_TRUE(state().topics.remove("table").ok());
  }
  EXPECT_GE(with_gaps, 3);
}

/// Else nobody would sync it, and what is not on disk is not compacted.
TEST_F(LogCleaningTest, ASegmentThatAFailedAppendSealedIsSynced) {
  auto& disk = static_cast<sim::SimFileSystem&>(env().files());
  const auto put_large = [&](const std::string& topic) {
    wire::RecordBatchBuilder builder;
    builder.append(now(), "key", std::string(400, 'v'));
    return append(topic, 0, builder.build()).ok();
  };
  // The batch is the last to be written: whatever fails before that seals nothing.
  for (std::uint64_t call = 1;; ++call) {
    const std::string topic = "table" + std::to_string(call);
    make_compacted(topic);
    ASSERT_TRUE(put_large(topic));
    disk.fail_call(call, sim::Fault::kDiskFull);
    ASSERT_FALSE(put_large(topic)) << call;
    disk.clear_fault();
    const storage::PartitionLog& log = partition(topic).log();
    if (log.segment_count() == 1) continue;
    run_for(Millis{1'000});
    EXPECT_EQ(log.recovery_point(), Offset{1});
    return;
  }
}

TEST_F(LogCleaningTest, AStoppedRoundCleansNothing) {
  make_compacted("table");
  put("table", 50);
  auto stopped = std::make_unique<CleaningRounds>(env(), core_->metadata(), core_->directory());
  stopped->stop();
  EXPECT_FALSE(stopped->clean_next(now()));
  EXPECT_EQ(checkpoint("table"), std::nullopt);
}

TEST_F(LogCleaningTest, DeleteGoesOnBesideCompact) {
  make_compacted("both", {{"cleanup.policy", "compact,delete"}, {"retention.ms", "1000"}});
  put("both", 50);
  ASSERT_TRUE(rounds().clean_next(now()));
  EXPECT_EQ(partition("both").log().log_start_offset(), Offset{0});
  run_for(Millis{5'000});
  core_->apply_retention(now());
  EXPECT_GT(partition("both").log().log_start_offset(), Offset{0});
}

}  // namespace
}  // namespace millrace::broker
