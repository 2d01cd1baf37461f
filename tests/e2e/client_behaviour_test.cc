// What a client promises beyond the straight way, on the embedded broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "tests/e2e/embedded_cluster.h"
#include "wire/error_codes.h"

namespace millrace::e2e {
namespace {

using client::Admin;
using client::Consumer;
using client::PartitionList;
using client::Producer;
using testing::ElementsAre;
using testing::HasSubstr;
using wire::KafkaError;

TopicPartition at(std::int32_t partition) {
  return {"t", PartitionId{partition}};
}

class ClientBehaviour : public testing::Test {
 protected:
  /// Values "first" to "first + count - 1" into partition 0 of "t", at those timestamps.
  void produce(int first, int count) {
    auto producer = Producer::create(cluster_.properties(), {}, &cluster_.env());
    for (int i = first; i < first + count; ++i) {
      const std::string value = std::to_string(i);
      ASSERT_TRUE(producer
                      ->send({.topic = "t",
                              .partition = PartitionId{0},
                              .value = value,
                              .timestamp = Timestamp{1'700'000'000'000 + i}})
                      .ok());
    }
    const auto flushed = producer->flush(Millis{60'000});
    ASSERT_TRUE(flushed.ok()) << flushed.error().to_string();
  }
  Result<Consumer> reader(const std::string& reset = "earliest",
                          const std::string& records_max = "500") {
    auto properties = cluster_.properties();
    properties.set("auto.offset.reset", reset).set("max.poll.records", records_max);
    auto consumer = Consumer::create(properties, {}, &cluster_.env());
    EXPECT_TRUE(consumer.ok()) << consumer.error().to_string();
    return consumer;
  }
  static std::vector<std::string> values(Consumer& consumer, std::size_t count) {
    std::vector<std::string> read;
    for (int round = 0; round < 3'000 && read.size() < count; ++round) {
      auto polled = consumer.poll(Millis{20});
      EXPECT_TRUE(polled.ok()) << polled.error().to_string();
      if (!polled.ok()) break;
      for (const auto& part : *polled) {
        for (const RecordView& record : part.records) read.emplace_back(*record.value);
      }
    }
    return read;
  }

  EmbeddedCluster cluster_;
};

TEST_F(ClientBehaviour, SeekPauseAndPositionDoAsTheySay) {
  cluster_.create_topic("t", 1);
  produce(0, 10);
  auto consumer = reader("earliest", "2");
  ASSERT_TRUE(consumer->assign({at(0)}).ok());

  EXPECT_THAT(values(*consumer, 2), ElementsAre("0", "1"));
  EXPECT_EQ(*consumer->position(at(0)), Offset{2});
  EXPECT_EQ(consumer->current_lag(at(0)), 8);

  ASSERT_TRUE(consumer->seek(at(0), Offset{7}).ok());
  EXPECT_THAT(values(*consumer, 2), ElementsAre("7", "8"));

  consumer->pause({at(0)});
  EXPECT_TRUE(consumer->poll(Millis{50})->empty());
  consumer->resume({at(0)});
  EXPECT_THAT(values(*consumer, 1), ElementsAre("9"));

  ASSERT_TRUE(consumer->seek_to_beginning({at(0)}).ok());
  EXPECT_EQ(*consumer->position(at(0)), Offset{0});
  ASSERT_TRUE(consumer->seek_to_end({at(0)}).ok());
  EXPECT_EQ(*consumer->position(at(0)), Offset{10});
}

TEST_F(ClientBehaviour, RecordsStayWhileTheyAreHeldAlthoughTheMemoryOfOthersIsUsedAgain) {
  constexpr int kRecords = 2000;
  const auto value_of = [](int i) { return std::string(2000, static_cast<char>('a' + i % 26)); };
  cluster_.create_topic("t", 1);
  auto producer = Producer::create(cluster_.properties(), {}, &cluster_.env());
  for (int i = 0; i < kRecords; ++i) {
    const std::string value = value_of(i);
    ASSERT_TRUE(producer->send({.topic = "t", .value = value}).ok());
  }
  ASSERT_TRUE(producer->flush(Millis{60'000}).ok());

  auto properties = cluster_.properties();
  properties.set("max.poll.records", "10").set("max.partition.fetch.bytes", "200000");
  auto consumer = Consumer::create(properties, {}, &cluster_.env());
  ASSERT_TRUE(consumer->assign({at(0)}).ok());
  ASSERT_TRUE(consumer->seek_to_beginning({at(0)}).ok());
  std::vector<client::PolledRecords> held;
  for (int next = 0; next < kRecords;) {
    auto polled = consumer->poll(Millis{1000});
    ASSERT_TRUE(polled.ok()) << polled.error().to_string();
    for (const auto& part : *polled) {
      for (const RecordView& record : part.records) {
        ASSERT_EQ(record.offset, Offset{next});
        ASSERT_TRUE(*record.value == value_of(next)) << next;
        ++next;
      }
    }
    const bool is_kept = !polled->empty() && next % 300 < 20;
    if (is_kept) held.push_back(std::move(polled).value());
  }
  { const Consumer ended = std::move(consumer).value(); }

  EXPECT_GT(held.size(), 5U);
  for (const auto& polled : held) {
    for (const RecordView& record : polled.partitions().front().records) {
      EXPECT_TRUE(*record.value == value_of(static_cast<int>(record.offset.value())));
    }
  }
}

TEST_F(ClientBehaviour, OffsetsAreFoundByTimeAndByEnd) {
  cluster_.create_topic("t", 2);
  produce(0, 10);
  auto consumer = reader();

  const auto ends = consumer->end_offsets({at(0), at(1)});
  ASSERT_TRUE(ends.ok()) << ends.error().to_string();
  EXPECT_EQ(ends->at(at(0)), Offset{10});
  EXPECT_EQ(ends->at(at(1)), Offset{0});
  EXPECT_EQ(consumer->beginning_offsets({at(0)})->at(at(0)), Offset{0});

  const auto found =
      consumer->offsets_for_times({{at(0), Timestamp{1'700'000'000'004}}, {at(1), Timestamp{0}}});
  ASSERT_TRUE(found.ok()) << found.error().to_string();
  EXPECT_EQ(found->at(at(0)).offset, Offset{4});
  EXPECT_EQ(found->count(at(1)), 0U);
}

TEST_F(ClientBehaviour, AnOffsetOutOfRangeIsAnErrorWhenNoResetWasChosen) {
  cluster_.create_topic("t", 1);
  produce(0, 3);
  auto consumer = reader("none");
  ASSERT_TRUE(consumer->assign({at(0)}).ok());
  ASSERT_TRUE(consumer->seek(at(0), Offset{99}).ok());

  auto polled = consumer->poll(Millis{60'000});
  ASSERT_FALSE(polled.ok());
  EXPECT_EQ(polled.error().code, ErrorCode::kOutOfRange);
  ASSERT_TRUE(consumer->seek(at(0), Offset{2}).ok());
  EXPECT_THAT(values(*consumer, 1), ElementsAre("2"));
}

TEST_F(ClientBehaviour, WakeupEndsAPollThatWaits) {
  cluster_.create_topic("t", 1);
  auto consumer = reader();
  ASSERT_TRUE(consumer->assign({at(0)}).ok());
  std::thread other([&] { consumer->wakeup(); });

  const auto polled = consumer->poll(Millis{60'000});
  other.join();

  ASSERT_FALSE(polled.ok());
  EXPECT_EQ(polled.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(consumer->poll(Millis{1}).ok()) << "once";
}

TEST_F(ClientBehaviour, ALongPollGetsWhatIsProducedMeanwhile) {
  cluster_.create_topic("t", 1);
  auto consumer = reader("latest");
  ASSERT_TRUE(consumer->assign({at(0)}).ok());
  EXPECT_EQ(*consumer->position(at(0)), Offset{0});
  produce(5, 1);
  EXPECT_THAT(values(*consumer, 1), ElementsAre("5"));
}

TEST_F(ClientBehaviour, AutomaticCommitHappensAtTheLatestOnClose) {
  cluster_.create_topic("t", 1);
  produce(0, 5);
  auto properties = cluster_.group_properties("auto");
  properties.set("enable.auto.commit", "true");
  {
    auto consumer = Consumer::create(properties, {}, &cluster_.env());
    ASSERT_TRUE(consumer->subscribe({"t"}).ok());
    EXPECT_EQ(values(*consumer, 5).size(), 5U);
    EXPECT_TRUE(consumer->close().ok());
  }
  auto admin = Admin::create(cluster_.properties(), &cluster_.env());
  const auto offsets = admin->list_group_offsets("auto");
  ASSERT_TRUE(offsets.ok()) << offsets.error().to_string();
  EXPECT_EQ(offsets->at(at(0)).offset, Offset{5});
}

TEST_F(ClientBehaviour, AsynchronousCommitsTellTheirOutcomeInsidePoll) {
  cluster_.create_topic("t", 1);
  auto consumer = Consumer::create(cluster_.group_properties("async"), {}, &cluster_.env());
  ASSERT_TRUE(consumer->assign({at(0)}).ok());
  int told = 0;
  consumer->commit_async({{at(0), {Offset{3}, kNoLeaderEpoch, "note"}}}, [&](const Status& status) {
    EXPECT_TRUE(status.ok()) << status.error().to_string();
    ++told;
  });
  for (int round = 0; round < 6'000 && told == 0; ++round) (void)consumer->poll(Millis{10});
  EXPECT_EQ(told, 1);
  const auto committed = consumer->committed({at(0)});
  ASSERT_TRUE(committed.ok());
  EXPECT_EQ(committed->at(at(0)).offset, Offset{3});
  EXPECT_EQ(committed->at(at(0)).metadata, "note");
}

TEST_F(ClientBehaviour, ARecordThatIsTooLargeIsRefusedAtOnce) {
  auto producer = Producer::create(cluster_.properties(), {}, &cluster_.env());
  const std::string huge(2'000'000, 'x');
  const auto sent = producer->send({.topic = "t", .value = huge});
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code, ErrorCode::kTooLarge);
  EXPECT_THAT(sent.error().message, HasSubstr("max.request.size is 1048576"));
}

TEST_F(ClientBehaviour, APartitionThatDoesNotExistIsNamed) {
  cluster_.create_topic("t", 2);
  auto producer = Producer::create(cluster_.properties(), {}, &cluster_.env());
  const auto sent = producer->send({.topic = "t", .partition = PartitionId{2}, .value = "v"});
  ASSERT_FALSE(sent.ok());
  EXPECT_THAT(sent.error().message, HasSubstr("partitions 0 to 1, not 2"));
}

TEST_F(ClientBehaviour, AnIllegalTopicNameIsTheBrokersError) {
  auto producer = Producer::create(cluster_.properties(), {}, &cluster_.env());
  const auto sent = producer->send({.topic = "no spaces allowed", .value = "v"});
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(wire::kafka_error_of(sent.error()), KafkaError::kInvalidTopicException);
}

TEST_F(ClientBehaviour, NoBrokerIsATimeoutThatNamesIt) {
  client::Properties properties{{"bootstrap.servers", "127.0.0.1:1"}, {"max.block.ms", "200"}};
  auto producer = Producer::create(properties, {}, &cluster_.env());
  const auto sent = producer->send({.topic = "t", .value = "v"});
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code, ErrorCode::kTimeout);
  EXPECT_THAT(sent.error().message, HasSubstr("127.0.0.1:1"));
}

TEST_F(ClientBehaviour, ABudgetThatIsUsedUpHoldsSendBackUntilThereIsRoom) {
  cluster_.create_topic("t", 1);
  auto properties = cluster_.properties();
  properties.set("buffer.memory", "40000").set("batch.size", "16384");
  int delivered = 0;
  auto producer = Producer::create(properties,
                                   {.on_delivery =
                                        [&](const client::DeliveryReport& report) {
                                          EXPECT_TRUE(report.status.ok());
                                          delivered += report.record_count;
                                        }},
                                   &cluster_.env());
  const std::string value(1000, 'x');
  for (int i = 0; i < 2000; ++i) {
    const auto sent = producer->send({.topic = "t", .value = value});
    ASSERT_TRUE(sent.ok()) << sent.error().to_string();
  }
  ASSERT_TRUE(producer->flush(Millis{60'000}).ok());
  EXPECT_EQ(delivered, 2000);
  EXPECT_EQ(producer->metrics().records_sent, 2000U);
  EXPECT_EQ(producer->metrics().bytes_buffered, 0U);
}

TEST_F(ClientBehaviour, ClientsAreValuesThatMayBeMovedAtWorkAndNeedNoEnv) {
  cluster_.create_topic("t", 1);
  auto made = Producer::create(cluster_.properties());
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  ASSERT_TRUE(made->send({.topic = "t", .value = "1"}).ok());
  const client::TopicHandle topic = made->topic("t");
  Producer producer = std::move(made).value();
  ASSERT_TRUE(producer.send(topic, {.topic = "t", .value = "2"}).ok());
  ASSERT_TRUE(producer.flush(Millis{60'000}).ok());

  auto reading = Consumer::create(cluster_.properties());
  ASSERT_TRUE(reading->assign({at(0)}).ok());
  ASSERT_TRUE(reading->seek_to_beginning({at(0)}).ok());
  Consumer consumer = std::move(reading).value();
  EXPECT_THAT(values(consumer, 2), ElementsAre("1", "2"));

  Admin admin = Admin::create(cluster_.properties()).value();
  EXPECT_EQ(admin.list_topics()->size(), 1U);
}

TEST_F(ClientBehaviour, WithoutAcknowledgementsRecordsStillArrive) {
  cluster_.create_topic("t", 1);
  auto properties = cluster_.properties();
  properties.set("acks", "0");
  auto producer = Producer::create(properties, {}, &cluster_.env());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(producer->send({.topic = "t", .value = "v"}).ok());
  }
  ASSERT_TRUE(producer->flush(Millis{60'000}).ok());
  auto consumer = reader();
  ASSERT_TRUE(consumer->assign({at(0)}).ok());
  EXPECT_EQ(values(*consumer, 100).size(), 100U);
}

TEST_F(ClientBehaviour, AdminSeesTopicsGroupsAndTheCluster) {
  cluster_.create_topic("t", 3);
  auto admin = Admin::create(cluster_.properties(), &cluster_.env());

  const auto again = admin->create_topics({{.name = "t", .partitions = 1}});
  EXPECT_EQ(wire::kafka_error_of(again->at("t").error()), KafkaError::kTopicAlreadyExists);
  const auto described = admin->describe_topics({"t", "absent"});
  EXPECT_EQ(described->at("t")->partitions.size(), 3U);
  EXPECT_EQ(wire::kafka_error_of(described->at("absent").error()),
            KafkaError::kUnknownTopicOrPartition);
  const auto cluster = admin->describe_cluster();
  ASSERT_TRUE(cluster.ok()) << cluster.error().to_string();
  EXPECT_EQ(cluster->nodes.size(), 1U);
  const auto configs = admin->describe_configs({{client::ConfigResourceKind::kTopic, "t"}});
  ASSERT_TRUE(configs.ok()) << configs.error().to_string();
  EXPECT_FALSE(configs->begin()->second->empty());

  auto consumer = Consumer::create(cluster_.group_properties("readers"), {}, &cluster_.env());
  ASSERT_TRUE(consumer->subscribe({"t"}).ok());
  for (int i = 0; i < 6'000 && consumer->assignment().empty(); ++i) {
    (void)consumer->poll(Millis{10});
  }
  const auto group = admin->describe_groups({"readers"});
  ASSERT_TRUE(group.ok()) << group.error().to_string();
  EXPECT_EQ(group->at("readers")->state, "Stable");
  EXPECT_EQ(group->at("readers")->members.at(0).assignment.size(), 3U);
  const auto groups = admin->list_groups();
  ASSERT_TRUE(groups.ok()) << groups.error().to_string();
  EXPECT_EQ(groups->at(0).group_id, "readers");
  const auto busy = admin->delete_groups({"readers"});
  EXPECT_EQ(wire::kafka_error_of(busy->at("readers").error()), KafkaError::kNonEmptyGroup);
  EXPECT_TRUE(consumer->close().ok());

  EXPECT_TRUE(admin->delete_topics({"t"})->at("t").ok());
  const auto left = admin->list_topics();
  ASSERT_TRUE(left.ok()) << left.error().to_string();
  for (const auto& topic : *left) EXPECT_NE(topic.name, "t");
}

TEST_F(ClientBehaviour, AnAdminDeletesRecordsOfManyPartitions) {
  cluster_.create_topic("t", 2);
  auto producer = Producer::create(cluster_.properties(), {}, &cluster_.env());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(producer->send({.topic = "t", .partition = PartitionId{0}, .value = "v"}).ok());
  }
  ASSERT_TRUE(producer->flush().ok());
  auto admin = Admin::create(cluster_.properties(), &cluster_.env());

  const auto some = admin->delete_records({{at(0), Offset{4}}, {at(1), kNoOffset}});
  ASSERT_TRUE(some.ok()) << some.error().to_string();
  EXPECT_EQ(some->at(at(0)).value(), Offset{4});
  EXPECT_EQ(some->at(at(1)).value(), Offset{0});
  const auto past = admin->delete_records({{at(0), Offset{11}}, {at(7), Offset{0}}});
  EXPECT_EQ(wire::kafka_error_of(past->at(at(0)).error()), KafkaError::kOffsetOutOfRange);
  EXPECT_EQ(wire::kafka_error_of(past->at(at(7)).error()), KafkaError::kUnknownTopicOrPartition);
  const auto all = admin->delete_records({{at(0), kNoOffset}});
  EXPECT_EQ(all->at(at(0)).value(), Offset{10});
}

TEST_F(ClientBehaviour, OffsetsOfATopicThatIsAboutToBeKnownAreWaitedFor) {
  auto properties = cluster_.properties();
  properties.set("retry.backoff.ms", "1").set("retry.backoff.max.ms", "1");
  auto admin = Admin::create(properties, &cluster_.env());
  // As on a broker that hears of the topic only after it was asked for it many times.
  std::thread creation([this] {
    auto other = Admin::create(cluster_.properties(), &cluster_.env());
    for (int i = 0; i < 200; ++i) EXPECT_FALSE(other->describe_topics({"t"})->at("t").ok());
    cluster_.create_topic("t", 1);
  });

  const auto listed = admin->list_offsets({{at(0), client::OffsetSpec::latest()}});
  creation.join();

  ASSERT_TRUE(listed.ok()) << listed.error().to_string();
  ASSERT_TRUE(listed->at(at(0)).ok()) << listed->at(at(0)).error().to_string();
  EXPECT_EQ(listed->at(at(0))->offset, Offset{0});
}

TEST_F(ClientBehaviour, OffsetsOfATopicThatStaysUnknownAreAnError) {
  auto admin = Admin::create(cluster_.properties(), &cluster_.env());

  const auto listed = admin->list_offsets({{at(0), client::OffsetSpec::latest()}});

  ASSERT_TRUE(listed.ok()) << listed.error().to_string();
  EXPECT_EQ(wire::kafka_error_of(listed->at(at(0)).error()), KafkaError::kUnknownTopicOrPartition);
}

}  // namespace
}  // namespace millrace::e2e
