#include "client/group/consumer_group_member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "wire/error_codes.h"

namespace millrace::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using wire::HeartbeatTopicPartitions;
using wire::KafkaError;

constexpr MonotonicTime kStart{std::chrono::seconds{1}};
constexpr Millis kInterval{5000};

Uuid id_of(std::uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}
const Uuid kTopic = id_of(1);   // "t"
const Uuid kOther = id_of(2);   // "u"
const Uuid kReborn = id_of(3);  // "t" as well, made after kTopic was deleted

TopicPartition at(std::int32_t partition, std::string topic = "t") {
  return {std::move(topic), PartitionId{partition}};
}
Subscription to(std::vector<std::string> topics) {
  return {.topics = std::move(topics)};
}
Subscription matching(std::string pattern) {
  return {.pattern = SubscriptionPattern::of(std::move(pattern))};
}

using Dealt = std::vector<HeartbeatTopicPartitions>;

/// A member, and its coordinator's and application's side played by hand.
class Member {
 public:
  explicit Member(ConsumerGroupMemberConfig config = {}, Subscription subscription = to({"t"}))
      : machine_(filled(std::move(config)), Random(1)) {
    machine_.subscribe(std::move(subscription), now_);
    collect();
  }

  template <class Effect>
  Effect take() {
    EXPECT_FALSE(effects_.empty()) << "no effect";
    if (effects_.empty()) return {};
    EXPECT_TRUE(std::holds_alternative<Effect>(effects_.front()))
        << "effect number " << effects_.front().index();
    Effect effect = std::get<Effect>(std::move(effects_.front()));
    effects_.erase(effects_.begin());
    return effect;
  }
  void collect() {
    for (auto& effect : machine_.take_effects()) effects_.push_back(std::move(effect));
  }

  void answer(GroupTicket ticket, std::int32_t epoch, std::optional<Dealt> dealt = {}) {
    wire::ConsumerGroupHeartbeatResponse answer;
    answer.member_id = "me";
    answer.member_epoch = epoch;
    answer.heartbeat_interval_ms = static_cast<std::int32_t>(kInterval.count());
    if (dealt) answer.assignment.emplace().topic_partitions = std::move(*dealt);
    machine_.on_heartbeat(ticket, answer, now_);
    collect();
  }
  void refuse(GroupTicket ticket, KafkaError code) {
    wire::ConsumerGroupHeartbeatResponse answer;
    answer.error_code = static_cast<std::int16_t>(code);
    answer.error_message = "because";
    machine_.on_heartbeat(ticket, answer, now_);
    collect();
  }
  void lose_answer(GroupTicket ticket) {
    machine_.on_heartbeat(ticket, Error{ErrorCode::kClosed, "the connection ended"}, now_);
    collect();
  }
  void acknowledge() {
    machine_.on_rebalance_done(now_);
    collect();
  }
  void pass(Millis time) {
    now_ += time;
    machine_.on_time(now_);
    collect();
  }
  void subscribe(Subscription subscription) {
    machine_.subscribe(std::move(subscription), now_);
    collect();
  }
  void name(const std::map<Uuid, std::string>& names) {
    machine_.on_topic_names(names, now_);
    collect();
  }
  /// Joined, with these partitions of "t", in epoch 1; the next heartbeat is due in kInterval.
  void settle(std::vector<std::int32_t> partitions) {
    answer(take<SendGroupHeartbeat>().ticket, 1, Dealt{{kTopic, std::move(partitions)}});
    name({{kTopic, "t"}});
    take<Rebalance>();
    acknowledge();
    answer(take<SendGroupHeartbeat>().ticket, 1);
  }
  SendGroupHeartbeat next_heartbeat() {
    pass(kInterval);
    return take<SendGroupHeartbeat>();
  }

  ConsumerGroupMember& machine() { return machine_; }
  bool is_quiet() const { return effects_.empty(); }
  MonotonicTime now() const { return now_; }

 private:
  static ConsumerGroupMemberConfig filled(ConsumerGroupMemberConfig config) {
    config.group_id = "g";
    config.member_id = "me";
    return config;
  }

  ConsumerGroupMember machine_;
  MonotonicTime now_ = kStart;
  std::vector<ConsumerGroupEffect> effects_;
};

TEST(ConsumerGroupMember, JoinsInEpochZeroWithAllThereIsToSay) {
  Member member({.rack = "r",
                 .remote_assignor = "range",
                 .rebalance_timeout = Millis{12'000},
                 .retry_backoff = {Millis{100}, Millis{1000}}},
                to({"u", "t", "u"}));

  const auto request = member.take<SendGroupHeartbeat>().request;
  EXPECT_EQ(request.group_id, "g");
  EXPECT_EQ(request.member_id, "me");
  EXPECT_EQ(request.member_epoch, 0);
  EXPECT_EQ(request.rack_id, "r");
  EXPECT_EQ(request.server_assignor, "range");
  EXPECT_EQ(request.rebalance_timeout_ms, 12'000);
  EXPECT_THAT(request.subscribed_topic_names, Optional(ElementsAre("t", "u")));
  EXPECT_FALSE(request.subscribed_topic_regex.has_value());
  EXPECT_THAT(request.topic_partitions, Optional(IsEmpty()));
  EXPECT_EQ(member.machine().epoch(), -1) << "not a member before the answer";
}

TEST(ConsumerGroupMember, TakesWhatItWasDealtAndSaysSoWhenTheApplicationHasIt) {
  Member member;
  member.answer(member.take<SendGroupHeartbeat>().ticket, 3, Dealt{{kTopic, {1, 0}}});
  EXPECT_THAT(member.machine().unnamed_topics(), ElementsAre(kTopic));
  EXPECT_TRUE(member.is_quiet()) << "what is it called?";

  member.name({{kTopic, "t"}});
  const auto rebalance = member.take<Rebalance>();
  EXPECT_THAT(rebalance.assigned, ElementsAre(at(0), at(1)));
  EXPECT_TRUE(rebalance.is_complete);
  EXPECT_TRUE(member.is_quiet());
  member.acknowledge();

  const auto told = member.take<SendGroupHeartbeat>();
  EXPECT_EQ(told.request.member_epoch, 3);
  EXPECT_THAT(told.request.topic_partitions,
              Optional(ElementsAre(HeartbeatTopicPartitions{kTopic, {0, 1}})));
  EXPECT_FALSE(told.request.subscribed_topic_names.has_value()) << "that is known already";
  EXPECT_EQ(told.request.rebalance_timeout_ms, -1);
}

TEST(ConsumerGroupMember, BeatsAtTheIntervalThatTheCoordinatorGivesAndThenSaysNothingNew) {
  Member member;
  member.settle({0});

  member.pass(kInterval - Millis{1});
  EXPECT_TRUE(member.is_quiet());
  member.pass(Millis{1});

  const auto beat = member.take<SendGroupHeartbeat>();
  EXPECT_FALSE(beat.request.topic_partitions.has_value());
  EXPECT_FALSE(beat.request.subscribed_topic_names.has_value());
  member.pass(10 * kInterval);
  EXPECT_TRUE(member.is_quiet()) << "one at a time";
}

TEST(ConsumerGroupMember, AnApplicationHearsOfAnEmptyAssignmentOnce) {
  Member member;
  member.answer(member.take<SendGroupHeartbeat>().ticket, 1, Dealt{});

  EXPECT_TRUE(member.take<Rebalance>().is_complete);
  member.acknowledge();
  member.answer(member.take<SendGroupHeartbeat>().ticket, 1, Dealt{});
  EXPECT_TRUE(member.is_quiet());
}

TEST(ConsumerGroupMember, GoesOnOwningWhatMovesUntilTheApplicationHasLetGo) {
  Member member;
  member.settle({0, 1});
  member.answer(member.next_heartbeat().ticket, 2, Dealt{{kTopic, {0}}, {kOther, {5}}});

  member.name({{kOther, "u"}});
  const auto rebalance = member.take<Rebalance>();
  EXPECT_THAT(rebalance.revoked, ElementsAre(at(1)));
  EXPECT_THAT(rebalance.assigned, IsEmpty()) << "its name was not known yet";
  const auto meanwhile = member.next_heartbeat();
  EXPECT_FALSE(meanwhile.request.topic_partitions.has_value());
  EXPECT_EQ(meanwhile.request.member_epoch, 2);
  member.acknowledge();
  EXPECT_THAT(member.take<Rebalance>().assigned, ElementsAre(at(5, "u")));
  member.answer(meanwhile.ticket, 2);

  EXPECT_THAT(member.take<SendGroupHeartbeat>().request.topic_partitions,
              Optional(ElementsAre(HeartbeatTopicPartitions{kTopic, {0}},
                                   HeartbeatTopicPartitions{kOther, {5}})));
}

TEST(ConsumerGroupMember, WhatIsDealtWhileTheApplicationIsBusyComesNext) {
  Member member;
  member.answer(member.take<SendGroupHeartbeat>().ticket, 1, Dealt{{kTopic, {0, 1}}});
  member.name({{kTopic, "t"}});
  EXPECT_THAT(member.take<Rebalance>().assigned, ElementsAre(at(0), at(1)));
  member.answer(member.next_heartbeat().ticket, 2, Dealt{{kTopic, {1, 2}}});
  EXPECT_TRUE(member.is_quiet());

  member.acknowledge();

  const auto next = member.take<Rebalance>();
  EXPECT_THAT(next.revoked, ElementsAre(at(0)));
  EXPECT_THAT(next.assigned, ElementsAre(at(2)));
  EXPECT_THAT(member.take<SendGroupHeartbeat>().request.topic_partitions,
              Optional(ElementsAre(HeartbeatTopicPartitions{kTopic, {0, 1, 2}})));
}

// Else the coordinator would take it for given up, and deal it to another, while the application
// begins with it.
TEST(ConsumerGroupMember, WhatTheApplicationIsBeingGivenCountsAsOwned) {
  Member member;
  member.settle({0});
  member.answer(member.next_heartbeat().ticket, 2, Dealt{{kTopic, {0, 1}}});
  EXPECT_THAT(member.take<Rebalance>().assigned, ElementsAre(at(1)));

  member.lose_answer(member.next_heartbeat().ticket);
  member.pass(Millis{200});

  EXPECT_THAT(member.take<SendGroupHeartbeat>().request.topic_partitions,
              Optional(ElementsAre(HeartbeatTopicPartitions{kTopic, {0, 1}})));
}

// The coordinator may read that the member owns nothing else, and have dealt the rest to another by
// the time that the application begins with it.
TEST(ConsumerGroupMember, WhileItsWordIsOutTheApplicationIsGivenNothingMore) {
  Member member;
  member.answer(member.take<SendGroupHeartbeat>().ticket, 1, Dealt{{kTopic, {0}}});
  member.name({{kTopic, "t"}});
  member.take<Rebalance>();
  member.acknowledge();
  member.answer(member.take<SendGroupHeartbeat>().ticket, 1, Dealt{{kOther, {5}}, {kTopic, {0}}});
  member.lose_answer(member.next_heartbeat().ticket);
  member.pass(Millis{200});
  const auto word = member.take<SendGroupHeartbeat>();
  EXPECT_THAT(word.request.topic_partitions,
              Optional(ElementsAre(HeartbeatTopicPartitions{kTopic, {0}})));

  member.name({{kOther, "u"}});
  EXPECT_TRUE(member.is_quiet());
  member.lose_answer(word.ticket);
  member.name({{kOther, "u"}});
  EXPECT_TRUE(member.is_quiet()) << "it may have been read";
  member.pass(Millis{2000});
  member.answer(member.take<SendGroupHeartbeat>().ticket, 1, Dealt{{kOther, {5}}, {kTopic, {0}}});

  EXPECT_THAT(member.take<Rebalance>().assigned, ElementsAre(at(5, "u")));
}

TEST(ConsumerGroupMember, ATopicThatWasMadeAnewIsGivenUpAndTaken) {
  Member member;
  member.settle({0});
  member.answer(member.next_heartbeat().ticket, 2, Dealt{{kReborn, {0}}});
  member.take<Rebalance>();
  member.acknowledge();
  member.answer(member.take<SendGroupHeartbeat>().ticket, 2);

  member.name({{kReborn, "t"}});

  EXPECT_THAT(member.take<Rebalance>().assigned, ElementsAre(at(0)));
  member.acknowledge();
  EXPECT_THAT(member.take<SendGroupHeartbeat>().request.topic_partitions,
              Optional(ElementsAre(HeartbeatTopicPartitions{kReborn, {0}})));
}

TEST(ConsumerGroupMember, AFencedMemberLosesWhatItOwnedAndComesBackAsItself) {
  for (const KafkaError code : {KafkaError::kFencedMemberEpoch, KafkaError::kUnknownMemberId}) {
    Member member;
    member.settle({0, 1});

    member.refuse(member.next_heartbeat().ticket, code);

    EXPECT_EQ(member.machine().epoch(), -1);
    const auto rebalance = member.take<Rebalance>();
    EXPECT_THAT(rebalance.lost, ElementsAre(at(0), at(1)));
    EXPECT_FALSE(rebalance.is_complete);
    member.pass(10 * kInterval);
    EXPECT_TRUE(member.is_quiet()) << "it joins only when the application has let go";
    member.acknowledge();
    const auto join = member.take<SendGroupHeartbeat>();
    EXPECT_EQ(join.request.member_epoch, 0);
    EXPECT_EQ(join.request.member_id, "me");
    EXPECT_THAT(join.request.subscribed_topic_names, Optional(ElementsAre("t")));
    EXPECT_THAT(join.request.topic_partitions, Optional(IsEmpty()));
    member.answer(join.ticket, 9, Dealt{{kTopic, {0}}});
    EXPECT_THAT(member.take<Rebalance>().assigned, ElementsAre(at(0)));
  }
}

TEST(ConsumerGroupMember, ALossWhileTheApplicationIsBusyIsToldAfterwards) {
  Member member;
  member.answer(member.take<SendGroupHeartbeat>().ticket, 1, Dealt{{kTopic, {0}}});
  member.name({{kTopic, "t"}});
  member.take<Rebalance>();

  member.refuse(member.next_heartbeat().ticket, KafkaError::kFencedMemberEpoch);
  EXPECT_TRUE(member.is_quiet());
  member.acknowledge();

  EXPECT_THAT(member.take<Rebalance>().lost, ElementsAre(at(0)));
  member.acknowledge();
  EXPECT_EQ(member.take<SendGroupHeartbeat>().request.member_epoch, 0);
}

TEST(ConsumerGroupMember, ARefusedJoinIsTriedAgainAfterABackoff) {
  for (const KafkaError code : {KafkaError::kNotCoordinator, KafkaError::kCoordinatorLoadInProgress,
                                KafkaError::kUnknownMemberId}) {
    Member member;
    member.refuse(member.take<SendGroupHeartbeat>().ticket, code);

    EXPECT_TRUE(member.is_quiet());
    ASSERT_TRUE(member.machine().next_deadline().has_value());
    EXPECT_GT(*member.machine().next_deadline(), member.now());
    member.pass(Millis{200});
    EXPECT_EQ(member.take<SendGroupHeartbeat>().request.member_epoch, 0);
  }
}

TEST(ConsumerGroupMember, AfterAnAnswerWasLostEverythingIsToldAnew) {
  Member member;
  member.settle({0});

  member.lose_answer(member.next_heartbeat().ticket);
  EXPECT_TRUE(member.is_quiet()) << "a backoff first";
  member.pass(Millis{200});

  const auto again = member.take<SendGroupHeartbeat>();
  EXPECT_EQ(again.request.member_epoch, 1);
  EXPECT_THAT(again.request.subscribed_topic_names, Optional(ElementsAre("t")));
  EXPECT_EQ(again.request.rebalance_timeout_ms, 300'000);
  EXPECT_THAT(again.request.topic_partitions,
              Optional(ElementsAre(HeartbeatTopicPartitions{kTopic, {0}})));
  member.answer(again.ticket, 1);
  EXPECT_FALSE(member.next_heartbeat().request.topic_partitions.has_value());
}

TEST(ConsumerGroupMember, AnotherSubscriptionIsToldAtOnce) {
  Member member;
  member.settle({0});

  member.subscribe(to({"u"}));
  const auto told = member.take<SendGroupHeartbeat>();
  EXPECT_THAT(told.request.subscribed_topic_names, Optional(ElementsAre("u")));
  EXPECT_FALSE(told.request.topic_partitions.has_value());

  member.subscribe(to({"t", "u"}));
  EXPECT_TRUE(member.is_quiet()) << "one at a time";
  member.answer(told.ticket, 1);
  const auto next = member.take<SendGroupHeartbeat>();
  EXPECT_THAT(next.request.subscribed_topic_names, Optional(ElementsAre("t", "u")));
  member.answer(next.ticket, 1);
  member.subscribe(to({"u", "t"}));
  EXPECT_TRUE(member.is_quiet()) << "that is the same";
}

TEST(ConsumerGroupMember, APatternIsToldAndTakenBack) {
  Member member({}, matching("t.*"));
  const auto join = member.take<SendGroupHeartbeat>();
  EXPECT_EQ(join.request.subscribed_topic_regex, "t.*");
  EXPECT_THAT(join.request.subscribed_topic_names, Optional(IsEmpty()));
  member.answer(join.ticket, 1);

  member.subscribe(to({"t"}));

  const auto named = member.take<SendGroupHeartbeat>();
  EXPECT_EQ(named.request.subscribed_topic_regex, "");
  EXPECT_THAT(named.request.subscribed_topic_names, Optional(ElementsAre("t")));
}

TEST(ConsumerGroupMember, LeavesByItsEpochAndAStaticMemberBySayingThatItMayComeBack) {
  Member dynamic;
  dynamic.settle({0});
  dynamic.machine().leave();
  dynamic.collect();
  const auto left = dynamic.take<SendGroupLeave>().request;
  EXPECT_EQ(left.member_epoch, -1);
  EXPECT_EQ(left.member_id, "me");
  EXPECT_THAT(dynamic.machine().topics(), IsEmpty());
  dynamic.pass(10 * kInterval);
  EXPECT_TRUE(dynamic.is_quiet());

  Member fixed({.group_instance_id = "instance"});
  EXPECT_EQ(fixed.machine().epoch(), -1);
  fixed.settle({0});
  fixed.machine().leave();
  fixed.collect();
  EXPECT_EQ(fixed.take<SendGroupLeave>().request.member_epoch, -2);
}

TEST(ConsumerGroupMember, OneThatIsFencedDoesNotLeave) {
  Member member;
  member.settle({0});
  member.refuse(member.next_heartbeat().ticket, KafkaError::kFencedMemberEpoch);
  member.take<Rebalance>();

  member.machine().leave();
  member.collect();

  EXPECT_TRUE(member.is_quiet());
  member.subscribe(to({"t"}));
  EXPECT_EQ(member.take<SendGroupHeartbeat>().request.member_epoch, 0);
}

TEST(ConsumerGroupMember, AnApplicationThatDoesNotPollLeavesAndComesBackWhenItDoes) {
  Member member;
  member.settle({0});

  member.machine().on_poll_overdue();
  member.collect();

  EXPECT_EQ(member.take<SendGroupLeave>().request.member_epoch, -1);
  EXPECT_THAT(member.take<Rebalance>().lost, ElementsAre(at(0)));
  member.pass(10 * kInterval);
  EXPECT_TRUE(member.is_quiet()) << "it does not come back by itself";
  member.acknowledge();
  EXPECT_EQ(member.take<SendGroupHeartbeat>().request.member_epoch, 0);
}

TEST(ConsumerGroupMember, AMemberWithoutPartitionsDoesNotComeBackByItselfEither) {
  Member member;
  member.answer(member.take<SendGroupHeartbeat>().ticket, 1, Dealt{});
  member.take<Rebalance>();
  member.acknowledge();
  member.take<SendGroupHeartbeat>();

  member.machine().on_poll_overdue();
  member.collect();

  member.take<SendGroupLeave>();
  EXPECT_THAT(member.take<Rebalance>().lost, IsEmpty());
  member.pass(10 * kInterval);
  EXPECT_TRUE(member.is_quiet());
}

TEST(ConsumerGroupMember, WhatDoesNotPassEndsTheMembership) {
  for (const KafkaError code :
       {KafkaError::kGroupMaxSizeReached, KafkaError::kUnsupportedAssignor,
        KafkaError::kInvalidRegularExpression, KafkaError::kUnreleasedInstanceId,
        KafkaError::kFencedInstanceId, KafkaError::kGroupAuthorizationFailed,
        KafkaError::kInvalidRequest, KafkaError::kUnsupportedVersion}) {
    Member member;
    member.settle({0});

    member.refuse(member.next_heartbeat().ticket, code);

    EXPECT_THAT(member.take<Rebalance>().lost, ElementsAre(at(0)));
    const auto failed = member.take<GroupFailed>();
    EXPECT_EQ(wire::kafka_error_of(failed.error), code);
    EXPECT_THAT(failed.error.message, testing::HasSubstr("because"));
    member.acknowledge();
    member.pass(10 * kInterval);
    EXPECT_TRUE(member.is_quiet());
    member.subscribe(to({"t"}));
    EXPECT_EQ(member.take<SendGroupHeartbeat>().request.member_epoch, 0);
  }
}

TEST(ConsumerGroupMember, AClusterWithoutTheProtocolIsToldByName) {
  Member member;
  member.machine().on_heartbeat(member.take<SendGroupHeartbeat>().ticket,
                                Error{ErrorCode::kUnsupported, "no version in common"},
                                member.now());
  member.collect();

  const auto failed = member.take<GroupFailed>();
  EXPECT_EQ(failed.error.code, ErrorCode::kUnsupported);
  EXPECT_THAT(failed.error.message, testing::HasSubstr("group.protocol=classic"));
}

TEST(ConsumerGroupMember, OneThatMayNotReadATopicStaysAndFindsOutWhenItMay) {
  Member member;
  member.settle({0});

  member.refuse(member.next_heartbeat().ticket, KafkaError::kTopicAuthorizationFailed);

  EXPECT_EQ(wire::kafka_error_of(member.take<GroupTrouble>().error),
            KafkaError::kTopicAuthorizationFailed);
  EXPECT_EQ(member.machine().epoch(), 1);
  member.pass(Millis{200});
  EXPECT_THAT(member.take<SendGroupHeartbeat>().request.subscribed_topic_names,
              Optional(ElementsAre("t")));
}

TEST(ConsumerGroupMember, ARefusedCommitIsLookedIntoAtOnce) {
  const auto refuse = [](Member& member, KafkaError code, std::int32_t epoch) {
    member.machine().on_commit_refused(wire::make_error(code), epoch, member.now());
    member.collect();
  };
  Member member;
  member.settle({0});

  refuse(member, KafkaError::kStaleMemberEpoch, 1);
  refuse(member, KafkaError::kOffsetMetadataTooLarge, 1);
  refuse(member, KafkaError::kUnknownMemberId, 0);
  EXPECT_TRUE(member.is_quiet()) << "no reason to doubt the membership, or not of this epoch";
  refuse(member, KafkaError::kUnknownMemberId, 1);
  EXPECT_EQ(member.take<SendGroupHeartbeat>().request.member_epoch, 1);
  EXPECT_TRUE(member.is_quiet()) << "the coordinator tells whether it is fenced";
}

TEST(ConsumerGroupMember, AnAnswerThatCameTooLateIsIgnored) {
  Member member;
  const auto old = member.take<SendGroupHeartbeat>();
  member.machine().leave();
  member.collect();
  member.take<SendGroupLeave>();
  member.subscribe(to({"t"}));
  const auto current = member.take<SendGroupHeartbeat>();

  member.answer(old.ticket, 1, Dealt{});
  EXPECT_TRUE(member.is_quiet());
  EXPECT_EQ(member.machine().epoch(), -1);
  member.answer(current.ticket, 2, Dealt{});
  EXPECT_EQ(member.machine().epoch(), 2);
}

/// A coordinator and an application that do what they like, and then settle.
class Whim {
 public:
  explicit Whim(std::uint64_t seed)
      : random_(seed), machine_({.group_id = "g", .member_id = "me"}, Random(seed + 1)) {
    machine_.subscribe(to({"t"}), now_);
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
    machine_.subscribe(random_.chance(0.5) ? to({"t"}) : matching("t"), now_);
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

TEST(ConsumerGroupMember, WhateverHappensItSaysWhatTheApplicationHoldsAndGetsToWhatItWasDealt) {
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
