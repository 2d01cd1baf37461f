// A member of the consumer protocol between a coordinator and an application that act at random.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "client/group/consumer_group_member.h"
#include "wire/error_codes.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

constexpr MonotonicTime kStart{std::chrono::seconds{1}};
constexpr Millis kInterval{5000};  // between heartbeats
const Uuid kTopic{{1}};            // "t"

/// A coordinator and an application that do what they like, and then settle.
class Whim {
 public:
  explicit Whim(std::uint64_t seed)
      : random_(seed), machine_({.group_id = "g", .member_id = "me"}, Random(seed + 1)) {
    machine_.subscribe(Subscription{.topics = {"t"}}, now_);
    perform();
  }

  void step() {
    switch (random_.below(8)) {
      case 0:
        dealt_ = random_deal();
        break;
      case 1:
        finish_rebalance();
        break;
      case 2:
        if (asked_) refuse();
        break;
      case 3:
        machine_.on_topic_names(names_now(), now_);
        break;
      case 4:
        if (random_.chance(0.1)) machine_.on_poll_overdue();
        break;
      case 5:
        if (random_.chance(0.2)) subscribe_otherwise();
        break;
      default:
        if (asked_) answer();
        now_ += Millis{static_cast<std::int64_t>(random_.below(2000))};
        machine_.on_time(now_);
    }
    perform();
  }
  void settle() {
    for (int i = 0; i < 20; ++i) {
      if (asked_) answer();
      perform();
      machine_.on_topic_names(names_now(), now_);
      perform();
      finish_rebalance();
      perform();
      now_ += kInterval;
      machine_.on_time(now_);
      perform();
    }
  }
  void expect_settled() const {
    EXPECT_EQ(held_, dealt_);
    EXPECT_EQ(told_, dealt_);
    EXPECT_GT(machine_.epoch(), 0);
  }

 private:
  using Held = std::set<std::int32_t>;

  Held random_deal() {
    Held dealt;
    for (std::int32_t i = 0; i < 6; ++i) {
      if (random_.chance(0.5)) dealt.insert(i);
    }
    return dealt;
  }
  void subscribe_otherwise() {
    machine_.subscribe(random_.chance(0.5) ? Subscription{.topics = {"t"}}
                                           : Subscription{.pattern = SubscriptionPattern::of("t")},
                       now_);
  }
  std::map<Uuid, std::string> names_now() const {
    std::map<Uuid, std::string> names;
    for (const Uuid& id : machine_.unnamed_topics()) names[id] = "t";
    return names;
  }
  void answer() {
    const auto asked = *std::exchange(asked_, std::nullopt);
    wire::ConsumerGroupHeartbeatResponse answer;
    if (asked.request.member_epoch == 0) sent_.reset();
    answer.member_epoch = ++epoch_;
    answer.heartbeat_interval_ms = static_cast<std::int32_t>(kInterval.count());
    if (asked.request.topic_partitions) {
      told_.clear();
      for (const auto& topic : *asked.request.topic_partitions) {
        told_.insert(topic.partitions.begin(), topic.partitions.end());
      }
    }
    if (sent_ != dealt_) {
      sent_ = dealt_;
      auto& assignment = answer.assignment.emplace();
      if (!dealt_.empty()) {
        assignment.topic_partitions.push_back({kTopic, {dealt_.begin(), dealt_.end()}});
      }
    }
    machine_.on_heartbeat(asked.ticket, answer, now_);
  }
  void refuse() {
    const auto asked = *std::exchange(asked_, std::nullopt);
    wire::ConsumerGroupHeartbeatResponse answer;
    const KafkaError code =
        random_.chance(0.5) ? KafkaError::kFencedMemberEpoch : KafkaError::kNotCoordinator;
    answer.error_code = static_cast<std::int16_t>(code);
    machine_.on_heartbeat(asked.ticket, answer, now_);
  }
  Held held_or_being_given() const {
    Held all = held_;
    if (!rebalance_) return all;
    for (const auto& each : rebalance_->assigned) all.insert(each.partition.value());
    return all;
  }
  void finish_rebalance() {
    if (!rebalance_) return;
    for (const auto* gone : {&rebalance_->revoked, &rebalance_->lost}) {
      for (const auto& each : *gone) EXPECT_EQ(held_.erase(each.partition.value()), 1U);
    }
    for (const auto& each : rebalance_->assigned) {
      EXPECT_TRUE(held_.insert(each.partition.value()).second);
    }
    rebalance_.reset();
    machine_.on_rebalance_done(now_);
  }
  void perform() {
    for (auto& effect : machine_.take_effects()) {
      if (auto* const beat = std::get_if<SendGroupHeartbeat>(&effect)) {
        EXPECT_FALSE(asked_.has_value() && asked_->request.member_epoch > 0 &&
                     beat->request.member_epoch > 0)
            << "two at a time";
        if (beat->request.topic_partitions) {
          Held told;
          for (const auto& topic : *beat->request.topic_partitions) {
            told.insert(topic.partitions.begin(), topic.partitions.end());
          }
          EXPECT_EQ(told, held_or_being_given()) << "it says what the application holds";
        }
        asked_ = std::move(*beat);
      } else if (auto* const rebalance = std::get_if<Rebalance>(&effect)) {
        EXPECT_FALSE(rebalance_.has_value()) << "one at a time";
        rebalance_ = std::move(*rebalance);
      } else if (std::holds_alternative<SendGroupLeave>(effect)) {
        asked_.reset();
      } else {
        ADD_FAILURE() << "effect number " << effect.index();
      }
    }
  }

  Random random_;
  ConsumerGroupMember machine_;
  MonotonicTime now_ = kStart;
  std::optional<SendGroupHeartbeat> asked_;
  std::optional<Rebalance> rebalance_;
  Held held_;                 // by the application
  Held told_;                 // to the coordinator, as held
  Held dealt_;                // what it is to hold
  std::optional<Held> sent_;  // of that, what the member was sent
  std::int32_t epoch_ = 0;
};

TEST(ConsumerGroupMemberAtRandom,
     WhateverHappensItSaysWhatTheApplicationHoldsAndGetsToWhatItWasDealt) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Whim whim(seed);
    for (int i = 0; i < 200; ++i) whim.step();
    whim.settle();
    whim.expect_settled();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace millrace::client
