// Clients on three brokers over one log while brokers stop and start, leaders are elected and
// replicas move: nothing is lost, doubled or out of order.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "streams/streams_app.h"
#include "streams/streams_builder.h"
#include "tests/e2e/embedded_cluster.h"

namespace millrace::e2e {
namespace {

using client::TransactionStatus;

constexpr Millis kLong{60'000};

class MovingLeadersE2e : public ::testing::Test {
 protected:
  MovingLeadersE2e() : cluster_(3) { cluster_.create_topic("t", 3); }

  /// As the cluster's, but looking for brokers that come back without long pauses.
  client::Properties properties() const {
    client::Properties properties = cluster_.properties();
    properties.set("reconnect.backoff.max.ms", "50").set("retry.backoff.max.ms", "50");
    return properties;
  }
  std::unique_ptr<client::Admin> admin() {
    return std::make_unique<client::Admin>(
        client::Admin::create(properties(), &cluster_.env()).value());
  }
  client::Producer producer(const std::string& transactional_id = {}) {
    client::Properties of_producer = properties();
    of_producer.set("linger.ms", "0").set("batch.size", "500");
    if (!transactional_id.empty()) of_producer.set("transactional.id", transactional_id);
    return client::Producer::create(of_producer, {}, &cluster_.env()).value();
  }

  /// One of the things that move leaders, in turn: a broker stops, it comes back and its partitions
  /// are given back to it, replicas change places.
  void move_something() {
    const BrokerId node{turn_ / 3 % 3 + 1};
    auto administrator = admin();
    switch (turn_++ % 3) {
      case 0: {
        const auto stopped = cluster_.broker().stop_node(node);
        ASSERT_TRUE(stopped.ok()) << stopped.error().to_string();
        break;
      }
      case 1: {
        const auto started = cluster_.broker().start_node(node);
        ASSERT_TRUE(started.ok()) << started.error().to_string();
        const auto elected =
            administrator->elect_leaders(client::ElectionType::kPreferred, std::nullopt);
        ASSERT_TRUE(elected.ok()) << elected.error().to_string();
        break;
      }
      default: {
        const TopicPartition partition{"t", PartitionId{turn_ / 3 % 3}};
        const BrokerId next{node.value() % 3 + 1};
        const auto moved =
            administrator->alter_partition_reassignments({{partition, {{next, node}}}});
        ASSERT_TRUE(moved.ok()) << moved.error().to_string();
        ASSERT_TRUE(moved->at(partition).ok()) << moved->at(partition).error().to_string();
      }
    }
  }

  /// Values by partition, in order; those of committed transactions when asked so.
  std::map<std::int32_t, std::vector<std::string>> read_all(const std::string& isolation) {
    client::Properties of_consumer = properties();
    of_consumer.set("auto.offset.reset", "earliest").set("isolation.level", isolation);
    auto consumer = client::Consumer::create(of_consumer, {}, &cluster_.env()).value();
    client::PartitionList partitions;
    for (std::int32_t id = 0; id < 3; ++id) partitions.push_back({"t", PartitionId{id}});
    EXPECT_TRUE(consumer.assign(partitions).ok());
    EXPECT_TRUE(consumer.seek_to_beginning(partitions).ok());
    const auto ends = consumer.end_offsets(partitions);
    EXPECT_TRUE(ends.ok());
    std::map<std::int32_t, std::vector<std::string>> values;
    for (int round = 0; round < 10'000; ++round) {
      bool is_done = true;
      for (const auto& [partition, end] : *ends)
        is_done = is_done && consumer.position(partition).value() >= end;
      if (is_done) return values;
      const auto polled = consumer.poll(Millis{100});
      EXPECT_TRUE(polled.ok()) << polled.error().to_string();
      if (!polled.ok()) return values;
      for (const auto& part : *polled) {
        for (const RecordView& record : part.records)
          values[part.partition.partition.value()].emplace_back(*record.value);
      }
    }
    ADD_FAILURE() << "the end is never reached";
    return values;
  }

  EmbeddedCluster cluster_;
  int turn_ = 0;
};

TEST_F(MovingLeadersE2e, AnIdempotentProducerWritesEveryRecordOnceAndInOrder) {
  auto writer = producer();
  std::map<std::int32_t, std::vector<std::string>> expected;
  for (int i = 0; i < 1800; ++i) {
    const std::int32_t partition = i % 3;
    const std::string value = std::to_string(i);
    ASSERT_TRUE(
        writer.send({.topic = "t", .partition = PartitionId{partition}, .value = value}).ok());
    expected[partition].push_back(value);
    if (i % 100 == 50) move_something();
  }
  const auto flushed = writer.flush(kLong);
  ASSERT_TRUE(flushed.ok()) << flushed.error().to_string();
  EXPECT_EQ(writer.metrics().records_failed, 0U);
  EXPECT_EQ(read_all("read_uncommitted"), expected);
}

TEST_F(MovingLeadersE2e, TransactionsAreReadWhollyOrNotAtAll) {
  auto writer = producer("mover");
  const auto ready = writer.init_transactions(kLong);
  ASSERT_TRUE(ready.ok()) << ready.error().to_string();
  std::map<std::int32_t, std::vector<std::string>> expected;
  for (int transaction = 0; transaction < 18; ++transaction) {
    ASSERT_TRUE(writer.begin_transaction().ok());
    const bool commits = transaction % 3 != 2;
    for (std::int32_t i = 0; i < 9; ++i) {
      const std::string value = std::to_string(transaction) + "-" + std::to_string(i);
      ASSERT_TRUE(
          writer.send({.topic = "t", .partition = PartitionId{i % 3}, .value = value}).ok());
      if (commits) expected[i % 3].push_back(value);
      if (i == 4) move_something();
    }
    const TransactionStatus ended =
        commits ? writer.commit_transaction(kLong) : writer.abort_transaction(kLong);
    ASSERT_TRUE(ended.ok()) << ended.error().to_string();
  }
  EXPECT_EQ(read_all("read_committed"), expected);
}

TEST_F(MovingLeadersE2e, AGroupReadsEveryRecordAndItsCommitsStay) {
  auto writer = producer();
  client::Properties of_group = properties();
  of_group.set("group.id", "g")
      .set("auto.offset.reset", "earliest")
      .set("enable.auto.commit", "false")
      .set("heartbeat.interval.ms", "50");
  auto reader = client::Consumer::create(of_group, {}, &cluster_.env()).value();
  ASSERT_TRUE(reader.subscribe({"t"}).ok());
  std::map<std::string, int> seen;
  int sent = 0;
  for (int round = 0; round < 18; ++round) {
    for (int i = 0; i < 30; ++i, ++sent) {
      ASSERT_TRUE(
          writer
              .send({.topic = "t", .partition = PartitionId{i % 3}, .value = std::to_string(sent)})
              .ok());
    }
    const auto flushed = writer.flush(kLong);
    ASSERT_TRUE(flushed.ok()) << flushed.error().to_string();
    move_something();
    for (int polls = 0; polls < 10'000 && seen.size() < static_cast<std::size_t>(sent); ++polls) {
      const auto polled = reader.poll(Millis{20});
      ASSERT_TRUE(polled.ok()) << polled.error().to_string();
      for (const auto& part : *polled) {
        for (const RecordView& record : part.records) ++seen[std::string(*record.value)];
      }
    }
    ASSERT_EQ(seen.size(), static_cast<std::size_t>(sent));
    const auto committed = reader.commit_sync();
    ASSERT_TRUE(committed.ok()) << committed.error().to_string();
  }
  const auto offsets = admin()->list_group_offsets("g");
  ASSERT_TRUE(offsets.ok()) << offsets.error().to_string();
  std::int64_t sum = 0;
  for (const auto& [partition, committed] : *offsets) sum += committed.offset.value();
  EXPECT_EQ(sum, sent);
}

TEST_F(MovingLeadersE2e, AStreamApplicationCountsEveryRecord) {
  using Text = std::string_view;
  cluster_.create_topic("counts", 1);
  streams::StreamsBuilder builder;
  builder.stream<Text, Text>("t")
      .group_by([](Text, Text word) { return word; }, {.name = "words"})
      .count({.store_name = "word-counts"})
      .to_stream()
      .to("counts");
  client::Properties of_app = properties();
  of_app.set("application.id", "app")
      .set("num.stream.threads", "2")
      .set("commit.interval.ms", "100")
      .set("poll.ms", "20")
      .set("heartbeat.interval.ms", "50");
  auto app = streams::StreamsApp::create(builder.build().value(), of_app, &cluster_.env()).value();
  ASSERT_TRUE(app.start().ok());
  auto writer = producer();
  std::map<std::string, std::int64_t> expected;
  for (int i = 0; i < 900; ++i) {
    const std::string word = "word-" + std::to_string(i % 7);
    ASSERT_TRUE(writer.send({.topic = "t", .partition = PartitionId{i % 3}, .value = word}).ok());
    ++expected[word];
    if (i % 100 == 50) move_something();
  }
  const auto flushed = writer.flush(kLong);
  ASSERT_TRUE(flushed.ok()) << flushed.error().to_string();
  const auto caught_up = app.wait_until_caught_up(kLong);
  ASSERT_TRUE(caught_up.ok()) << caught_up.error().to_string();
  EXPECT_EQ(app.metrics().tasks.records_processed, 2U * 900U);
  ASSERT_TRUE(app.stop().ok());
}

}  // namespace
}  // namespace millrace::e2e
