// A broker that goes away and comes back on the same port and data: producers and consumers go on,
// and no record is lost, doubled or out of order.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>

#include "broker/broker.h"
#include "client/admin.h"
#include "client/consumer.h"
#include "client/producer.h"
#include "io/env.h"

namespace millrace::e2e {
namespace {

class RestartableCluster {
 public:
  RestartableCluster() : env_(io::make_system_env()) {
    std::string pattern = std::filesystem::temp_directory_path() / "millrace-restart-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    start();
  }
  ~RestartableCluster() {
    broker_.reset();
    std::filesystem::remove_all(directory_);
  }
  void start() {
    broker::BrokerConfig config;
    config.data_directory = directory_;
    config.kafka = {"127.0.0.1", port_};
    config.loops = 1;
    // So that members of consumer groups hear of each other in less than Kafka's 5 seconds.
    config.groups.consumer_heartbeat_interval = Millis{50};
    auto started = broker::Broker::start(*env_, config);
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    broker_ = std::move(started).value();
    port_ = broker_->kafka_endpoint().port;
  }
  void stop() {
    EXPECT_TRUE(broker_->stop().ok());
    broker_.reset();
  }
  io::Env& env() { return *env_; }
  client::Properties properties() const {
    return {{"bootstrap.servers", "127.0.0.1:" + std::to_string(port_)},
            {"reconnect.backoff.max.ms", "100"}};
  }

 private:
  std::unique_ptr<io::Env> env_;
  std::string directory_;
  std::uint16_t port_ = 0;
  std::unique_ptr<broker::Broker> broker_;
};

TEST(BrokerRestart, ProducerAndConsumerGoOnAndEveryRecordIsThereOnce) {
  RestartableCluster cluster;
  auto admin = client::Admin::create(cluster.properties(), &cluster.env());
  ASSERT_TRUE(admin->create_topics({{.name = "t", .partitions = 1}})->at("t").ok());
  auto producer_properties = cluster.properties();
  // Small batches, as many in flight as an idempotent producer may have: those that the broker took
  // before it went come again, and it has to know each of them.
  producer_properties.set("batch.size", "200")
      .set("linger.ms", "0")
      .set("max.in.flight.requests.per.connection", "5");
  auto producer = client::Producer::create(producer_properties, {}, &cluster.env());
  auto consumer_properties = cluster.properties();
  consumer_properties.set("auto.offset.reset", "earliest");
  auto consumer = client::Consumer::create(consumer_properties, {}, &cluster.env());
  // Without a group, whose members may read again what they could not commit: what is read is what
  // the log holds.
  ASSERT_TRUE(consumer->assign({{"t", PartitionId{0}}}).ok());

  int sent = 0;
  int read = 0;
  const auto send_some = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const std::string value = std::to_string(sent++);
      const auto status = producer->send({.topic = "t", .value = value});
      ASSERT_TRUE(status.ok()) << status.error().to_string();
    }
  };
  const auto read_all = [&] {
    for (int round = 0; round < 3'000 && read < sent; ++round) {
      auto polled = consumer->poll(Millis{20});
      ASSERT_TRUE(polled.ok()) << polled.error().to_string();
      for (const auto& part : *polled) {
        for (const RecordView& record : part.records) {
          ASSERT_EQ(*record.value, std::to_string(read)) << "in order, and once";
          ++read;
        }
      }
    }
    ASSERT_EQ(read, sent);
  };
  send_some(100);
  read_all();

  for (int restart = 0; restart < 3; ++restart) {
    send_some(50);  // some of these are on their way when the broker goes
    cluster.stop();
    send_some(50);  // these find nobody
    cluster.start();
    send_some(50);
    const auto flushed = producer->flush(Millis{60'000});
    ASSERT_TRUE(flushed.ok()) << flushed.error().to_string();
    read_all();
  }
  EXPECT_EQ(producer->metrics().records_sent, static_cast<std::uint64_t>(sent));
  EXPECT_EQ(producer->metrics().records_failed, 0U);
  EXPECT_EQ(producer->metrics().epoch_bumps, 0U);
}

/// A member of the group "g", which speaks the consumer protocol.
Result<client::Consumer> join_consumer_group(RestartableCluster& cluster, const std::string& name) {
  auto properties = cluster.properties();
  properties.set("group.id", "g").set("group.protocol", "consumer").set("client.id", name);
  auto consumer = client::Consumer::create(properties, {}, &cluster.env());
  EXPECT_TRUE(consumer.ok() && consumer->subscribe({"t"}).ok());
  return consumer;
}

TEST(BrokerRestart, MembersOfAConsumerGroupKeepWhatTheyHaveAndJoinNoMore) {
  RestartableCluster cluster;
  auto admin = client::Admin::create(cluster.properties(), &cluster.env());
  ASSERT_TRUE(admin->create_topics({{.name = "t", .partitions = 4}})->at("t").ok());
  auto first = join_consumer_group(cluster, "first");
  auto second = join_consumer_group(cluster, "second");
  ASSERT_TRUE(first.ok() && second.ok());
  std::optional<client::GroupDescription> group;
  const auto poll_until = [&](const std::function<bool()>& is_done) {
    for (int round = 0; round < 3'000; ++round) {
      (void)first->poll(Millis{10}).ok();
      (void)second->poll(Millis{10}).ok();
      const auto described = admin->describe_groups({"g"});
      group.reset();
      if (described.ok() && described->at("g").ok()) group = *described->at("g");
      if (group && is_done()) return true;
    }
    return false;
  };

  ASSERT_TRUE(poll_until([&] {
    return group->state == "Stable" && first->assignment().size() == 2 &&
           second->assignment().size() == 2;
  }));
  const client::GroupDescription before = *group;
  const auto had = first->assignment();
  EXPECT_EQ(before.group_type, "consumer");
  EXPECT_EQ(before.assignor, "uniform");
  EXPECT_EQ(before.epoch, before.assignment_epoch);
  ASSERT_EQ(before.members.size(), 2U);
  for (const auto& member : before.members) {
    EXPECT_EQ(member.epoch, before.epoch);
    EXPECT_EQ(member.assignment.size(), 2U);
    EXPECT_EQ(member.target, member.assignment);
  }

  cluster.stop();
  cluster.start();
  const auto spoke_to_it = [&] { return group->state == "Stable" && group->members.size() == 2; };
  ASSERT_TRUE(poll_until(spoke_to_it));
  for (int round = 0; round < 20; ++round) ASSERT_TRUE(poll_until(spoke_to_it));
  EXPECT_EQ(group->epoch, before.epoch) << "nobody had to join again";
  EXPECT_EQ(first->assignment(), had);
  ASSERT_TRUE(first->close().ok());
  EXPECT_TRUE(poll_until([&] { return second->assignment().size() == 4; }));
}

}  // namespace
}  // namespace millrace::e2e
