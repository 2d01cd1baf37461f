// What survives a stop, clean or not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/testing/core_fixture.h"
#include "storage/offset_checkpoint.h"
#include "wire/error_codes.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

class Restart : public CoreFixture {
 protected:
  Partition& orders() { return *state().topics.table()->find_partition("orders", 0); }
};

TEST_F(Restart, TopicsIdsConfigsAndRecordsAreBack) {
  const auto before = make_topic("orders", 3, {{"retention.ms", "-1"}});
  make_topic("other");
  ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"})).ok());
  const Uuid cluster = state().cluster_id;

  for (const bool is_clean : {true, false}) {
    if (is_clean)
      restart_cleanly();
    else
      restart_after_kill();

    const auto table = state().topics.table();
    EXPECT_EQ(state().cluster_id, cluster);
    EXPECT_EQ(table->by_name().size(), 2U);
    const Topic* const after = table->find("orders");
    ASSERT_NE(after, nullptr);
    EXPECT_EQ(after->id, before->id);
    EXPECT_EQ(after->configs, before->configs);
    EXPECT_EQ(after->partitions.size(), 3U);
    EXPECT_EQ(orders().high_watermark(), Offset{2});
  }
}

TEST_F(Restart, DeletedTopicsStayAway) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  ASSERT_TRUE(state().topics.remove("orders").ok());

  restart_after_kill();

  EXPECT_TRUE(state().topics.table()->by_name().empty());
  EXPECT_EQ(make_topic("orders")->partition(0)->high_watermark(), Offset{0});
}

TEST_F(Restart, LeaderEpochsRiseAfterAnUncleanStopOnly) {
  make_topic("orders");
  restart_cleanly();
  EXPECT_EQ(orders().leader_epoch(), LeaderEpoch{0});
  restart_after_kill();
  EXPECT_EQ(orders().leader_epoch(), LeaderEpoch{1});
  restart_after_kill();
  EXPECT_EQ(orders().leader_epoch(), LeaderEpoch{2});
}

class RestartOfThree : public CoreFixture {
 protected:
  RestartOfThree() : CoreFixture(3) {}
  std::vector<Placement> placements() {
    std::vector<Placement> all;
    for (const auto& partition : state().topics.table()->find("orders")->partitions)
      all.push_back(partition->placement());
    return all;
  }
};

TEST_F(RestartOfThree, LeadersEpochsAndReplicasAreBack) {
  ASSERT_TRUE(
      state()
          .topics
          .create({.name = "orders", .partition_count = 4, .configs = {}, .replication_factor = 2})
          .ok());
  // Led by somebody else than at first, in another epoch.
  ASSERT_TRUE(state()
                  .topics
                  .replace_placements([](const TopicPartition&, const Placement& placement) {
                    Placement next = placement;
                    next.leadership = {placement.replicas[1], LeaderEpoch{5}};
                    return std::optional(next);
                  })
                  .ok());
  const auto before = placements();
  restart_cleanly();
  EXPECT_EQ(placements(), before);
  restart_after_kill();
  for (std::size_t index = 0; index < before.size(); ++index) {
    EXPECT_EQ(placements()[index].leadership.leader, before[index].leadership.leader);
    EXPECT_EQ(placements()[index].leadership.epoch, LeaderEpoch{6});
  }
}

TEST_F(RestartOfThree, FewerBrokersTakeOverWhatTheOthersHad) {
  ASSERT_TRUE(state().topics.create({.name = "orders", .partition_count = 3}).ok());
  ASSERT_TRUE(append("orders", 2, batch_of({"a"})).ok());
  brokers_ = 1;
  restart_cleanly();
  for (const Placement& placement : placements()) {
    EXPECT_EQ(placement.leadership.leader, BrokerId{1});
    EXPECT_THAT(placement.replicas, ::testing::ElementsAre(BrokerId{1}));
  }
  EXPECT_EQ(state().topics.table()->find_partition("orders", 2)->high_watermark(), Offset{1});
}

TEST_F(Restart, ADuplicateIsStillKnown) {
  make_topic("orders");
  wire::BatchOptions producer{
      .producer_id = ProducerId{5}, .producer_epoch = ProducerEpoch{0}, .base_sequence = 0};
  const Buffer sent = batch_of({"a", "b"}, producer);
  for (const bool is_clean : {true, false}) {
    auto batch = Buffer::copy_of(sent.view());
    const auto first = produce("orders", batch);
    EXPECT_EQ(first->response().responses[0].partition_responses[0].base_offset, 0);
    if (is_clean)
      restart_cleanly();
    else
      restart_after_kill();
  }
  EXPECT_EQ(orders().high_watermark(), Offset{2});

  producer.base_sequence = 7;
  auto gap = batch_of({"z"}, producer);
  EXPECT_EQ(produce("orders", gap)->response().responses[0].partition_responses[0].error_code,
            static_cast<std::int16_t>(KafkaError::kOutOfOrderSequenceNumber));
}

TEST_F(Restart, ABatchThatCameAgainIsOnDiskWhenItIsAcknowledgedAgain) {
  make_topic("orders");
  const wire::BatchOptions producer{
      .producer_id = ProducerId{5}, .producer_epoch = ProducerEpoch{0}, .base_sequence = 0};
  ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"}, producer)).ok());  // never flushed
  fsync_ = FsyncPolicy::kAlways;
  restart_after_kill();
  ASSERT_EQ(orders().log().recovery_point(), Offset{0});

  ASSERT_TRUE(append("orders", 0, batch_of({"a", "b"}, producer))->duplicate);

  EXPECT_EQ(orders().log().recovery_point(), Offset{2});
}

TEST_F(Restart, AnyOfFiveBatchesInFlightIsStillKnown) {
  make_topic("orders");
  const auto send = [&](std::int32_t sequence) {
    auto batch = batch_of({"a"}, {.producer_id = ProducerId{5},
                                  .producer_epoch = ProducerEpoch{0},
                                  .base_sequence = sequence});
    return produce("orders", batch)->response().responses[0].partition_responses[0];
  };
  for (std::int32_t sequence = 0; sequence < 8; ++sequence) send(sequence);

  for (const bool is_clean : {true, false}) {
    if (is_clean)
      restart_cleanly();
    else
      restart_after_kill();

    for (std::int32_t sequence = 3; sequence < 8; ++sequence) {
      const auto again = send(sequence);
      EXPECT_EQ(again.error_code, 0) << sequence;
      EXPECT_EQ(again.base_offset, sequence);
    }
  }
  EXPECT_EQ(orders().high_watermark(), Offset{8});
}

TEST_F(Restart, AMovedLogStartIsWrittenDownThoughNothingElseMoved) {
  make_topic("orders", 1, {{"retention.ms", "1000"}, {"segment.bytes", "100"}});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append("orders", 0, batch_of({"abc"})).ok());
  ASSERT_TRUE(orders().flush().ok());
  ASSERT_TRUE(core_->write_checkpoints().ok());
  const Offset flushed = orders().log().recovery_point();
  core_->apply_retention(Timestamp{env().clock().wall().value() + 10'000});
  ASSERT_EQ(orders().log().log_start_offset(), Offset{3});
  ASSERT_EQ(orders().log().recovery_point(), flushed);

  ASSERT_TRUE(core_->write_checkpoints().ok());

  const auto text = env().files().read_all("/data/log-start-offset-checkpoint");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(storage::decode_offset_checkpoint(*text)->at({"orders", PartitionId{0}}), Offset{3});
}

TEST_F(Restart, ATopicMadeAnewStartsAtZeroWhereverTheOldOneStarted) {
  const auto fill = [&] {
    for (const std::int32_t partition : {0, 1}) {
      for (int i = 0; i < 3; ++i) ASSERT_TRUE(append("orders", partition, batch_of({"a"})).ok());
    }
  };
  make_topic("orders", 2, {{"retention.ms", "1000"}, {"segment.bytes", "100"}});
  fill();
  core_->apply_retention(Timestamp{env().clock().wall().value() + 10'000});
  ASSERT_EQ(orders().log().log_start_offset(), Offset{3});
  ASSERT_TRUE(core_->write_checkpoints().ok());
  ASSERT_TRUE(state().topics.remove("orders").ok());
  make_topic("orders", 2);
  fill();

  restart_after_kill();

  for (const std::int32_t partition : {0, 1}) {
    const auto& again = *state().topics.table()->find_partition("orders", partition);
    EXPECT_EQ(again.log().log_start_offset(), Offset{0}) << partition;
    EXPECT_EQ(again.high_watermark(), Offset{3}) << partition;
  }
}

TEST_F(Restart, AStartThatFailsForAnyReasonLeavesTheStopBeforeItAClean) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  ASSERT_TRUE(core_->close().ok());
  core_.reset();
  BrokerConfig config;
  config.data_directory = "/data";
  auto& files = static_cast<sim::SimFileSystem&>(env().files());
  int refusals = 0;
  bool has_tried_all = false;
  for (std::uint64_t call = 1; call < 1000 && !has_tried_all; ++call) {
    files.fail_call(call, sim::Fault::kIo);
    auto refused = BrokerCore::open(env(), config);
    const bool has_hit = files.fault_hit();
    files.clear_fault();
    if (refused.ok()) {  // it bore the fault, or there was no such call any more
      ASSERT_TRUE(refused.value()->close().ok()) << "call " << call;
      has_tried_all = !has_hit;
      continue;
    }
    ++refusals;
    const bool is_marked = env().files().exists("/data/.kafka_cleanshutdown").value();
    EXPECT_TRUE(is_marked) << "call " << call << ": " << refused.error().to_string();
  }
  EXPECT_TRUE(has_tried_all);
  EXPECT_GT(refusals, 10);
}

TEST_F(Restart, AFolderOfNoTopicIsPutAside) {
  core_.reset();
  ASSERT_TRUE(env().files().create_directories("/data/stranger-0").ok());

  open();

  EXPECT_TRUE(state().topics.table()->by_name().empty());
  EXPECT_FALSE(env().files().exists("/data/stranger-0").value());
  EXPECT_TRUE(env().files().exists("/data/stranger-0.stray").value());
}

/// Its topics would all be put aside as those of nobody.
TEST_F(Restart, IsRefusedWithoutTheMetadataLogThatTheTopicsWereMadeBy) {
  BrokerConfig config;
  config.data_directory = "/data";
  auto& files = env().files();
  const std::string log = "/data/__cluster_metadata-0/00000000000000000000.log";
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  ASSERT_TRUE(core_->close().ok());
  core_.reset();
  const std::string whole = files.read_all(log).value();
  const auto expect_refused = [&](const char* what) {
    const auto refused = BrokerCore::open(env(), config);
    ASSERT_FALSE(refused.ok()) << what;
    EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt) << what;
    EXPECT_THAT(refused.error().message, ::testing::HasSubstr("restore")) << what;
    EXPECT_TRUE(files.exists("/data/orders-0").value()) << what;
  };
  ASSERT_TRUE(files.replace_atomically(log, "").ok());
  expect_refused("emptied");
  ASSERT_TRUE(files.remove(log).ok());
  expect_refused("gone");
  ASSERT_TRUE(files.remove("/data/recovery-point-offset-checkpoint").ok());
  expect_refused("gone, and nobody knows where it ended");
  ASSERT_TRUE(files.remove_all("/data/__cluster_metadata-0").ok());
  ASSERT_TRUE(files.remove("/data/.kafka_cleanshutdown").ok());
  expect_refused("the folder gone, after a kill");

  ASSERT_TRUE(files.replace_atomically(log, whole).ok());
  open();
  EXPECT_EQ(state().topics.table()->find_partition("orders", 0)->high_watermark(), Offset{1});
}

TEST_F(Restart, AFolderThatAnEarlierTopicCouldNotRemoveIsNotPartOfTheNextOne) {
  make_topic("other");
  ASSERT_TRUE(append("other", 0, batch_of({"a"})).ok());
  const std::string name = "/00000000000000000000.log";
  const auto bytes = env().files().read_all("/data/other-0" + name).value();
  ASSERT_TRUE(env().files().create_directories("/data/orders-0").ok());
  ASSERT_TRUE(env().files().replace_atomically("/data/orders-0" + name, bytes).ok());

  const auto topic = make_topic("orders");

  ASSERT_NE(topic, nullptr);
  EXPECT_EQ(topic->partitions[0]->high_watermark(), Offset{0});
}

TEST_F(Restart, SaysThatThePartitionsFolderOfACleanStopIsGoneAndUsesNoOffsetAgain) {
  make_topic("orders", 2);
  ASSERT_TRUE(append("orders", 1, batch_of({"a", "b"})).ok());
  ASSERT_TRUE(core_->close().ok());
  core_.reset();
  ASSERT_TRUE(env().files().remove_all("/data/orders-1").ok());

  ::testing::internal::CaptureStderr();
  open();
  const std::string said = ::testing::internal::GetCapturedStderr();

  EXPECT_THAT(said, ::testing::HasSubstr("error the folder of a partition is gone"));
  EXPECT_THAT(said, ::testing::HasSubstr("topic=orders partition=1 folder=/data/orders-1"));
  EXPECT_THAT(said, ::testing::HasSubstr("ended_at=2"));
  EXPECT_THAT(said, ::testing::Not(::testing::HasSubstr("partition=0")));
  EXPECT_EQ(append("orders", 1, batch_of({"c"}))->base_offset, Offset{2});

  ::testing::internal::CaptureStderr();
  restart_cleanly();
  const std::string again = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(again, ::testing::Not(::testing::HasSubstr("folder of a partition"))) << "only once";
  EXPECT_THAT(again, ::testing::HasSubstr("from=0 to=2"));
  EXPECT_EQ(state().topics.table()->find_partition("orders", 1)->high_watermark(), Offset{3});
}

TEST_F(Restart, SaysOnceThatDeletedRecordsAreBackForWantOfTheirCheckpoint) {
  make_topic("orders");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  ASSERT_EQ(orders().delete_records_before(Offset{5}).value(), Offset{5});
  ASSERT_TRUE(core_->close().ok());
  core_.reset();
  ASSERT_TRUE(env().files().remove("/data/log-start-offset-checkpoint").ok());

  ::testing::internal::CaptureStderr();
  open();
  const std::string said = ::testing::internal::GetCapturedStderr();

  EXPECT_EQ(orders().log().log_start_offset(), Offset{0}) << "as in Kafka";
  EXPECT_THAT(said, ::testing::HasSubstr("records that were deleted from it are back"));
  EXPECT_THAT(said, ::testing::HasSubstr("directory=/data/orders-0 from=0 to=5"));

  ::testing::internal::CaptureStderr();
  restart_cleanly();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(Restart, SaysNothingOfALogThatBeginsWhereItsSegmentsDo) {
  make_topic("orders");
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  make_topic("emptied");
  ASSERT_TRUE(append("emptied", 0, batch_of({"a"})).ok());
  auto& emptied = *state().topics.table()->find_partition("emptied", 0);
  ASSERT_TRUE(emptied.delete_records_before(Offset{1}).ok());
  ASSERT_TRUE(core_->write_checkpoints().ok());

  ::testing::internal::CaptureStderr();
  restart_after_kill();

  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(Restart, SaysOnceThatTheDiskRefuses) {
  make_topic("orders");
  auto& files = static_cast<sim::SimFileSystem&>(env().files());
  ::testing::internal::CaptureStderr();
  files.fail_from(1, sim::Fault::kDiskFull);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(append("orders", 0, batch_of({"a"})).ok());
  files.clear_fault();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  const std::string said = ::testing::internal::GetCapturedStderr();

  const std::size_t at = said.find("a log cannot be written");
  ASSERT_NE(at, std::string::npos) << said;
  EXPECT_EQ(said.find("a log cannot be written", at + 1), std::string::npos) << said;
}

TEST_F(Restart, TwoBrokersDoNotShareADirectory) {
  BrokerConfig config;
  config.data_directory = "/data";
  const auto second = BrokerCore::open(env(), config);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kLocked);
}

TEST_F(Restart, AcknowledgedTopicsSurviveAPowerCut) {
  core_.reset();
  fsync_ = FsyncPolicy::kAlways;
  open();
  for (int round = 0; round < 5; ++round) {
    make_topic("topic-" + std::to_string(round));
    ASSERT_TRUE(append("topic-" + std::to_string(round), 0, batch_of({"a"})).ok());
    core_.reset();
    world_.crash("broker", sim::SimNetwork::Kernel::kDies);
    open();
    EXPECT_EQ(state().topics.table()->by_name().size(), static_cast<std::size_t>(round + 1));
    for (int old = 0; old <= round; ++old) {
      const auto* const partition =
          state().topics.table()->find_partition("topic-" + std::to_string(old), 0);
      ASSERT_NE(partition, nullptr);
      EXPECT_EQ(partition->high_watermark(), Offset{1});
    }
  }
}

TEST_F(Restart, TopicsSurviveAPowerCutThoughTheirRecordsAreNeverSynced) {
  ASSERT_EQ(fsync_, FsyncPolicy::kNever);
  for (int round = 0; round < 20; ++round) {
    const std::string name = "topic-" + std::to_string(round);
    make_topic(name);
    ASSERT_TRUE(append(name, 0, batch_of({"a"})).ok());
    core_.reset();
    world_.crash("broker", sim::SimNetwork::Kernel::kDies);
    open();
    ASSERT_NE(core_, nullptr) << "it does not start";
    EXPECT_EQ(state().topics.table()->by_name().size(), static_cast<std::size_t>(round + 1));
  }
}

TEST_F(Restart, NoRecordOfADeletedTopicComesBackInTheNextOneOfItsName) {
  core_.reset();
  fsync_ = FsyncPolicy::kAlways;
  open();
  for (int round = 0; round < 30; ++round) {
    make_topic("orders");
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append("orders", 0, batch_of({"old"})).ok());
    ASSERT_TRUE(state().topics.remove("orders").ok());
    make_topic("orders");
    const bool is_written = round % 2 == 0;
    if (is_written) {
      ASSERT_TRUE(append("orders", 0, batch_of({"new"})).ok());
    }
    core_.reset();
    world_.crash("broker", sim::SimNetwork::Kernel::kDies);
    open();
    const auto* const partition = state().topics.table()->find_partition("orders", 0);
    ASSERT_NE(partition, nullptr);
    EXPECT_EQ(partition->high_watermark(), Offset{is_written ? 1 : 0}) << "round " << round;
    ASSERT_TRUE(state().topics.remove("orders").ok());
  }
}

TEST_F(Restart, FilesOfADeletedTopicAreRenamedAndGoAfterTheirDelay) {
  make_topic("orders", 2, {{"file.delete.delay.ms", "1000"}});
  ASSERT_TRUE(append("orders", 0, batch_of({"a"})).ok());
  ASSERT_TRUE(state().topics.remove("orders").ok());
  const auto deleted = [&] {
    std::size_t count = 0;
    const auto entries = env().files().list("/data").value();
    for (const auto& entry : entries) {
      if (!entry.name.starts_with("orders-")) continue;
      EXPECT_TRUE(entry.name.ends_with("-delete")) << entry.name;
      ++count;
    }
    return count;
  };
  EXPECT_EQ(deleted(), 2U);
  const MonotonicTime now = env().clock().monotonic();
  core_->remove_given_up_files(now);
  EXPECT_EQ(deleted(), 2U);
  core_->remove_given_up_files(now + Millis{1000});
  EXPECT_EQ(deleted(), 0U);

  make_topic("orders");
  ASSERT_TRUE(state().topics.remove("orders").ok());
  restart_cleanly();
  core_->remove_given_up_files(now);
  EXPECT_EQ(deleted(), 0U) << "what a stop left waits no longer";
}

}  // namespace
}  // namespace millrace::broker
