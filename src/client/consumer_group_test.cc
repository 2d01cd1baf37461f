// A Consumer in a group of the consumer protocol, against a broker that follows a script.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "assignors/assignors.h"
#include "client/consumer.h"
#include "client/testing/group_broker.h"

namespace millrace::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using wire::KafkaError;

TopicPartition at(std::int32_t partition, std::string topic = "t") {
  return {std::move(topic), PartitionId{partition}};
}

/// What a listener was told, as "+t-0", "-t-0" or, when it was lost, "!t-0".
class Told {
 public:
  RebalanceListener listener() {
    return {.on_assigned = [this](auto partitions) { note('+', partitions); },
            .on_revoked = [this](auto partitions) { note('-', partitions); },
            .on_lost = [this](auto partitions) { note('!', partitions); }};
  }
  const std::vector<std::string>& all() const { return all_; }

 private:
  void note(char what, std::span<const TopicPartition> partitions) {
    for (const auto& each : partitions) all_.push_back(fmt::format("{}{}", what, each));
  }
  std::vector<std::string> all_;
};

class ConsumerGroup : public testing::Test {
 protected:
  Properties properties() const {
    return {{"bootstrap.servers", broker_.endpoint().to_string()},
            {"group.id", "g"},
            {"group.protocol", "consumer"},
            {"auto.offset.reset", "earliest"},
            {"enable.auto.commit", "false"},
            {"retry.backoff.ms", "1"},
            {"retry.backoff.max.ms", "1"}};
  }
  Consumer make(const Properties& properties) {
    auto made = Consumer::create(
        properties, {.listener = told_.listener(), .outages = refusals_listener()}, env_.get());
    EXPECT_TRUE(made.ok()) << made.error().to_string();
    return std::move(made).value();
  }
  Consumer member(Properties properties, GroupBroker::Dealt dealt = {{"t", {0, 1}}}) {
    broker_.deal(std::move(dealt));
    Consumer consumer = make(properties);
    EXPECT_TRUE(consumer.subscribe({"t"}).ok());
    poll_until(consumer, [&] { return !consumer.assignment().empty(); });
    return consumer;
  }
  Consumer member() { return member(properties()); }
  /// Polls, as applications do.
  template <class Condition>
  void poll_until(Consumer& consumer, Condition condition) {
    for (int i = 0; i < 6000 && !condition(); ++i) {
      const auto polled = consumer.poll(Millis{10});
      ASSERT_TRUE(polled.ok()) << polled.error().to_string();
    }
    EXPECT_TRUE(condition()) << "did not happen in a minute";
  }
  /// What the member says of what it was refused.
  std::vector<std::string> refusals() {
    return refusals_.with([](const auto& all) { return all; });
  }
  OutageListener refusals_listener() {
    return {.on_refused = [this](const Refusal& refusal) {
      refusals_.with([&](auto& all) { all.push_back(refusal.question + ": " + refusal.answer); });
    }};
  }
  /// The first error that poll() tells.
  Error error_of_poll(Consumer& consumer) {
    for (int i = 0; i < 6000; ++i) {
      if (const auto polled = consumer.poll(Millis{10}); !polled.ok()) return polled.error();
    }
    return {ErrorCode::kTimeout, "no error in a minute"};
  }
  bool has_heard(std::int32_t epoch) {
    for (const auto& each : broker_.heartbeats()) {
      if (each.member_epoch == epoch) return true;
    }
    return false;
  }
  bool is_acknowledged(const std::vector<std::int32_t>& partitions) {
    const auto& beats = broker_.heartbeats();
    for (auto beat = beats.rbegin(); beat != beats.rend(); ++beat) {
      if (!beat->topic_partitions) continue;
      return beat->topic_partitions->size() == 1 &&
             beat->topic_partitions->front().partitions == partitions;
    }
    return false;
  }

  const std::unique_ptr<io::Env> env_ = io::make_system_env();
  Guarded<std::vector<std::string>> refusals_;
  mutable GroupBroker broker_{*env_};
  Told told_;
};

TEST_F(ConsumerGroup, AMemberTakesWhatItWasDealtCommitsInItsEpochAndLeaves) {
  Consumer consumer = member();
  EXPECT_THAT(consumer.assignment(), ElementsAre(at(0), at(1)));
  EXPECT_EQ(consumer.group_metadata().generation, broker_.epoch());
  const auto join = broker_.heartbeats().front();
  EXPECT_EQ(join.member_epoch, 0);
  EXPECT_FALSE(join.member_id.empty());
  EXPECT_EQ(consumer.group_metadata().member_id, join.member_id);
  poll_until(consumer, [&] { return is_acknowledged({0, 1}); });

  EXPECT_TRUE(consumer.commit_sync({{at(0), {Offset{5}}}}).ok());
  EXPECT_TRUE(consumer.close().ok());

  const auto commits = broker_.commits();
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_EQ(commits[0].member_id, join.member_id);
  EXPECT_EQ(broker_.heartbeats().back().member_epoch, -1);
  EXPECT_THAT(told_.all(), ElementsAre("+t-0", "+t-1", "-t-0", "-t-1"));
}

TEST_F(ConsumerGroup, OnlyWhatMovesIsGivenUpAndCommittedBefore) {
  Consumer consumer = member(properties().set("enable.auto.commit", "true"));
  poll_until(consumer, [&] { return consumer.position(at(1)).ok(); });

  broker_.deal({{"t", {0}}});
  poll_until(consumer, [&] { return is_acknowledged({0}); });

  EXPECT_THAT(consumer.assignment(), ElementsAre(at(0)));
  EXPECT_THAT(told_.all(), ElementsAre("+t-0", "+t-1", "-t-1"));
  EXPECT_FALSE(broker_.commits().empty());
}

TEST_F(ConsumerGroup, AFencedMemberIsToldOfItsLossAndComesBack) {
  Consumer consumer = member();
  poll_until(consumer, [&] { return is_acknowledged({0, 1}); });

  broker_.refuse_heartbeats({KafkaError::kFencedMemberEpoch});
  poll_until(consumer, [&] { return told_.all().size() == 6; });

  EXPECT_THAT(told_.all(), ElementsAre("+t-0", "+t-1", "!t-0", "!t-1", "+t-0", "+t-1"));
  const auto beats = broker_.heartbeats();
  for (const auto& each : beats) EXPECT_EQ(each.member_id, beats.front().member_id);
}

TEST_F(ConsumerGroup, WhatAFencedMemberCommitsIsRefusedHere) {
  Consumer consumer = member();
  broker_.refuse_heartbeats({KafkaError::kFencedMemberEpoch});
  const auto before = env_->clock().monotonic();
  while (consumer.group_metadata().generation >= 0 &&
         env_->clock().monotonic() - before < std::chrono::minutes{1}) {
    // It does not poll, and so does not hear of it.
  }

  const auto refused = consumer.commit_sync({{at(0), {Offset{5}}}});

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(wire::kafka_error_of(refused.error()), KafkaError::kUnknownMemberId);
  EXPECT_THAT(broker_.commits(), IsEmpty());
}

TEST_F(ConsumerGroup, ACommitOfAnEpochThatPassedMeanwhileIsMadeAgain) {
  Consumer consumer = member();
  poll_until(consumer, [&] { return is_acknowledged({0, 1}); });
  const std::int32_t before = broker_.epoch();

  broker_.bump_at_commit();
  const auto committed = consumer.commit_sync({{at(0), {Offset{5}}}});

  EXPECT_TRUE(committed.ok()) << committed.error().to_string();
  const auto commits = broker_.commits();
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_EQ(commits[0].generation_id_or_member_epoch, before + 1);
}

TEST_F(ConsumerGroup, ACommitOfWhatTheMemberDoesNotHoldIsNotMadeAgain) {
  Consumer consumer = member(properties(), {{"t", {0}}});
  poll_until(consumer, [&] { return is_acknowledged({0}); });

  broker_.bump_at_commit();
  const auto refused = consumer.commit_sync({{at(1), {Offset{5}}}});

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(wire::kafka_error_of(refused.error()), KafkaError::kStaleMemberEpoch);
}

TEST_F(ConsumerGroup, TopicsOfAPatternAreFoundByTheirIds) {
  broker_.deal({{"orders", {1}}});
  Consumer consumer = make(properties());
  EXPECT_TRUE(consumer.subscribe(SubscriptionPattern::of("ord.*")).ok());

  poll_until(consumer, [&] { return !consumer.assignment().empty(); });

  EXPECT_THAT(consumer.assignment(), ElementsAre(at(1, "orders")));
  EXPECT_THAT(consumer.subscription(), ElementsAre("orders"));
  EXPECT_EQ(broker_.heartbeats().front().subscribed_topic_regex, "ord.*");
  poll_until(consumer, [&] { return consumer.position(at(1, "orders")).ok(); });
}

TEST_F(ConsumerGroup, APatternThatTheBrokersRefuseIsToldByPoll) {
  broker_.refuse_heartbeats({KafkaError::kInvalidRegularExpression});
  Consumer consumer = make(properties());
  EXPECT_TRUE(consumer.subscribe(SubscriptionPattern::of("(")).ok());

  EXPECT_EQ(wire::kafka_error_of(error_of_poll(consumer)), KafkaError::kInvalidRegularExpression);
}

TEST_F(ConsumerGroup, AStaticMemberSaysThatItMayComeBack) {
  Consumer consumer = member(properties().set("group.instance.id", "one"));
  EXPECT_EQ(broker_.heartbeats().front().instance_id, "one");

  EXPECT_TRUE(consumer.close().ok());

  EXPECT_EQ(broker_.heartbeats().back().member_epoch, -2);
}

TEST_F(ConsumerGroup, AnApplicationThatDoesNotPollIsTakenOutAndComesBackWhenItDoes) {
  Consumer consumer = member(properties().set("max.poll.interval.ms", "300"));
  const auto begun = env_->clock().monotonic();
  while (!has_heard(-1) && env_->clock().monotonic() - begun < std::chrono::minutes{1}) {
    // It is busy.
  }
  EXPECT_TRUE(has_heard(-1));

  poll_until(consumer, [&] { return told_.all().size() == 6; });

  EXPECT_THAT(told_.all(), ElementsAre("+t-0", "+t-1", "!t-0", "!t-1", "+t-0", "+t-1"));
}

TEST_F(ConsumerGroup, UnsubscribingLeavesAndGivesUpEverything) {
  Consumer consumer = member();

  EXPECT_TRUE(consumer.unsubscribe().ok());

  EXPECT_EQ(broker_.heartbeats().back().member_epoch, -1);
  EXPECT_THAT(consumer.assignment(), IsEmpty());
  EXPECT_EQ(consumer.group_metadata().generation, -1);
  EXPECT_TRUE(consumer.subscribe({"t"}).ok());
  poll_until(consumer, [&] { return !consumer.assignment().empty(); });
  EXPECT_THAT(told_.all(), ElementsAre("+t-0", "+t-1", "-t-0", "-t-1", "+t-0", "+t-1"));
}

TEST_F(ConsumerGroup, OutsideOfItsGroupAConsumerStillSaysWhichOneItCommitsFor) {
  Consumer consumer = member(properties().set("group.instance.id", "one"));
  EXPECT_TRUE(consumer.unsubscribe().ok());
  EXPECT_TRUE(consumer.assign({at(0)}).ok());

  const ConsumerGroupMetadata metadata = consumer.group_metadata();

  EXPECT_EQ(metadata.group_id, "g");
  EXPECT_EQ(metadata.group_instance_id, "one");
  EXPECT_EQ(metadata.generation, -1);
  EXPECT_EQ(metadata.member_id, "");
}

TEST_F(ConsumerGroup, ClosingGivesTheLastCommitTheTimeOfTheCallAndNoMore) {
  Consumer consumer = member(properties()
                                 .set("enable.auto.commit", "true")
                                 .set("auto.commit.interval.ms", "600000")
                                 .set("default.api.timeout.ms", "60000"));
  poll_until(consumer, [&] { return consumer.position(at(0)).ok(); });
  broker_.refuse_commits(std::deque<KafkaError>(200'000, KafkaError::kCoordinatorLoadInProgress));
  const auto begun = env_->clock().monotonic();

  EXPECT_FALSE(consumer.close(Millis{200}).ok());

  EXPECT_LT(env_->clock().monotonic() - begun, std::chrono::seconds{30});
  while (!has_heard(-1) && env_->clock().monotonic() - begun < std::chrono::minutes{1}) {
    std::this_thread::yield();  // it was sent, and is still to be read
  }
  EXPECT_TRUE(has_heard(-1));
}

TEST_F(ConsumerGroup, AssignorsOfItsOwnAreRefused) {
  const auto made =
      Consumer::create(properties(), {.assignors = {assignors::make_range_assignor()}}, env_.get());

  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(made.error().message, HasSubstr("group.remote.assignor"));
}

TEST_F(ConsumerGroup, ABrokerWithoutTheProtocolIsToldByPoll) {
  ProduceBroker old(*env_);
  Consumer consumer = make(properties().set("bootstrap.servers", old.endpoint().to_string()));
  EXPECT_TRUE(consumer.subscribe({"t"}).ok());

  const Error error = error_of_poll(consumer);

  EXPECT_EQ(error.code, ErrorCode::kUnsupported);
  EXPECT_THAT(error.message, HasSubstr("group.protocol=classic"));
}

TEST_F(ConsumerGroup, SaysWhatItsCoordinatorRefusesForLong) {
  broker_.refuse_heartbeats(
      std::deque<KafkaError>(1'000'000, KafkaError::kCoordinatorLoadInProgress));
  Consumer consumer = make(properties());
  ASSERT_TRUE(consumer.subscribe({"t"}).ok());

  poll_until(consumer, [&] { return !refusals().empty(); });

  EXPECT_THAT(refusals(),
              ElementsAre("ConsumerGroupHeartbeat of group g: COORDINATOR_LOAD_IN_PROGRESS"));
}

}  // namespace
}  // namespace millrace::client
