// Groups of both protocols, with our members on the embedded broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/e2e/embedded_cluster.h"

namespace millrace::e2e {
namespace {

using client::Consumer;
using client::Producer;
using client::SubscriptionPattern;
using testing::ElementsAre;

constexpr int kRounds = 6000;  // of polls of 10 ms: a minute

class Groups : public testing::Test {
 protected:
  client::Properties properties(const std::string& protocol) const {
    client::Properties properties = cluster_.properties();
    properties.set("group.id", "g")
        .set("group.protocol", protocol)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("metadata.max.age.ms", "100");
    if (protocol == "classic") properties.set("heartbeat.interval.ms", "50");
    return properties;
  }
  Consumer member(const client::Properties& properties, client::ConsumerOptions options = {}) {
    auto made = Consumer::create(properties, std::move(options), &cluster_.env());
    EXPECT_TRUE(made.ok()) << made.error().to_string();
    return std::move(made).value();
  }
  void produce(int count) {
    auto producer = Producer::create(cluster_.properties(), {}, &cluster_.env());
    for (int i = 0; i < count; ++i) {
      const std::string value = std::to_string(produced_++);
      ASSERT_TRUE(producer->send({.topic = "t", .key = value, .value = value}).ok());
    }
    ASSERT_TRUE(producer->flush(Millis{60'000}).ok());
  }
  /// Polls once, and commits what came; no value may come twice.
  void read(Consumer& consumer) {
    const auto polled = consumer.poll(Millis{10});
    ASSERT_TRUE(polled.ok()) << polled.error().to_string();
    for (const auto& part : *polled) {
      for (const RecordView& record : part.records) {
        EXPECT_TRUE(seen_.insert(std::string(*record.value)).second) << *record.value << " twice";
      }
    }
    if (polled->made_progress()) {
      const Status committed = consumer.commit_sync();
      ASSERT_TRUE(committed.ok()) << committed.error().to_string();
    }
  }
  template <class Condition>
  void read_until(std::initializer_list<Consumer*> consumers, Condition condition) {
    for (int i = 0; i < kRounds && !condition() && !HasFatalFailure(); ++i) {
      for (Consumer* const each : consumers) read(*each);
    }
    EXPECT_TRUE(condition()) << "did not happen in time";
  }
  bool has_all() const { return seen_.size() == static_cast<std::size_t>(produced_); }

  EmbeddedCluster cluster_;
  int produced_ = 0;
  std::set<std::string> seen_;
};

class GroupsOfBothProtocols : public Groups, public testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(Protocols, GroupsOfBothProtocols, testing::Values("classic", "consumer"),
                         [](const auto& tested) { return tested.param; });

TEST_F(Groups, OfTheConsumerProtocolGiveEachRecordOnceWhileMembersComeAndGo) {
  cluster_.create_topic("t", 4);
  produce(100);
  Consumer first = member(properties("consumer"));
  ASSERT_TRUE(first.subscribe({"t"}).ok());
  read_until({&first}, [&] { return has_all(); });

  {
    Consumer second = member(properties("consumer"));
    ASSERT_TRUE(second.subscribe({"t"}).ok());
    read_until({&first, &second},
               [&] { return first.assignment().size() == 2 && second.assignment().size() == 2; });
    produce(100);
    read_until({&first, &second}, [&] { return has_all(); });
    ASSERT_TRUE(second.close().ok());
  }
  read_until({&first}, [&] { return first.assignment().size() == 4; });
  produce(100);
  read_until({&first}, [&] { return has_all(); });
  EXPECT_TRUE(first.close().ok());
}

TEST_P(GroupsOfBothProtocols, TopicsOfAPatternAreReadThoseThatComeLaterToo) {
  cluster_.create_topic("orders-a", 1);
  cluster_.create_topic("returns", 1);
  Consumer consumer = member(properties(GetParam()));
  ASSERT_TRUE(consumer.subscribe(SubscriptionPattern::of("orders-.*")).ok());
  read_until({&consumer}, [&] { return consumer.assignment().size() == 1; });

  cluster_.create_topic("orders-b", 1);
  read_until({&consumer}, [&] { return consumer.assignment().size() == 2; });

  EXPECT_THAT(consumer.subscription(), ElementsAre("orders-a", "orders-b"));
  ASSERT_TRUE(consumer.subscribe({"returns"}).ok());
  read_until({&consumer}, [&] {
    return consumer.assignment() == client::PartitionList{{"returns", PartitionId{0}}};
  });
}

TEST_F(Groups, APatternThatIsNoneIsRefusedByTheClassicProtocolAtOnce) {
  Consumer consumer = member(properties("classic"));

  const Status subscribed = consumer.subscribe(SubscriptionPattern::of("("));

  ASSERT_FALSE(subscribed.ok());
  EXPECT_EQ(subscribed.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(Groups, WhatAMemberWasToGiveUpIsLostWhenItIsExpelledMeanwhile) {
  cluster_.create_topic("t", 2);
  std::vector<std::string> told;
  client::ConsumerOptions options;
  options.listener = {.on_assigned = [&](auto) { told.emplace_back("assigned"); },
                      .on_revoked = [&](auto) { told.emplace_back("revoked"); },
                      .on_lost = [&](auto) { told.emplace_back("lost"); }};
  const auto eager = properties("classic").set("partition.assignment.strategy", "range");
  auto hasty = eager;
  Consumer away = member(hasty.set("max.poll.interval.ms", "1000"), std::move(options));
  ASSERT_TRUE(away.subscribe({"t"}).ok());
  read_until({&away}, [&] { return away.assignment().size() == 2; });

  // It does not poll: it hears that it is to give up its partitions, and then that it is out.
  Consumer other = member(eager);
  ASSERT_TRUE(other.subscribe({"t"}).ok());
  read_until({&other}, [&] { return other.assignment().size() == 2; });
  read_until({&away, &other}, [&] { return told.size() >= 2; });

  ASSERT_GE(told.size(), 2U);
  EXPECT_EQ(told[0], "assigned");
  EXPECT_EQ(told[1], "lost");
}

}  // namespace
}  // namespace millrace::e2e
