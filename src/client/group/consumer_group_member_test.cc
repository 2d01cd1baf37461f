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

}  // namespace
}  // namespace millrace::client
