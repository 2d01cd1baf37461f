// Compaction in a broker on virtual time: which log is cleaned, and that its checkpoint is its own.
#include "broker/log_cleaning.h"

#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"
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
  CleaningRounds rounds() { return {env(), state().config, core_->metadata(), core_->directory()}; }
  Timestamp now() { return env().clock().wall(); }
};

TEST_F(LogCleaningTest, ACompactedTopicIsCleanedWithoutAnybodyAsking) {
  const LogCleaning cleaning(env(), state().config, core_->metadata(), core_->directory());
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

TEST_F(LogCleaningTest, AStoppedRoundCleansNothing) {
  make_compacted("table");
  put("table", 50);
  auto stopped = std::make_unique<CleaningRounds>(env(), state().config, core_->metadata(),
                                                  core_->directory());
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
