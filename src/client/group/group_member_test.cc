#include "client/group/group_member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "assignors/assignors.h"
#include "client/group/subscription_codec.h"
#include "wire/error_codes.h"

namespace millrace::client {
namespace {

using assignors::make_cooperative_sticky_assignor;
using assignors::make_range_assignor;
using testing::ElementsAre;
using testing::IsEmpty;
using wire::KafkaError;

constexpr MonotonicTime kStart{std::chrono::seconds{1}};

TopicPartition at(std::int32_t partition) {
  return {"t", PartitionId{partition}};
}

enum class SkipAssignment { kNo, kYes };

/// A member, and its coordinator's and application's side played by hand.
class Member {
 public:
  explicit Member(std::shared_ptr<Assignor> assignor, std::optional<std::string> instance = {})
      : machine_({.group_id = "g",
                  .group_instance_id = std::move(instance),
                  .assignors = *offer({assignor})},
                 Random(1)),
        assignor_name_(assignor->name()) {
    machine_.subscribe({"t"}, now_);
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

  void answer_join(GroupTicket ticket, std::int32_t generation, std::string leader = "other",
                   SkipAssignment skip = SkipAssignment::kNo) {
    wire::JoinGroupResponse answer;
    answer.skip_assignment = skip == SkipAssignment::kYes;
    answer.generation_id = generation;
    answer.protocol_name = assignor_name_;
    answer.leader = std::move(leader);
    answer.member_id = "me";
    if (answer.leader == "me") {
      answer.members.push_back({.member_id = "me",
                                .group_instance_id = std::nullopt,
                                .metadata = encode_subscription({.topics = {"t"}})});
    }
    machine_.on_join(ticket, answer, now_);
    collect();
  }
  void fail_join(GroupTicket ticket, KafkaError code) {
    wire::JoinGroupResponse answer;
    answer.error_code = static_cast<std::int16_t>(code);
    answer.member_id = "me";
    machine_.on_join(ticket, answer, now_);
    collect();
  }
  void answer_sync(GroupTicket ticket, std::vector<TopicPartition> partitions) {
    wire::SyncGroupResponse answer;
    answer.assignment = encode_assignment({std::move(partitions), {}});
    machine_.on_sync(ticket, answer, now_);
    collect();
  }
  void answer_heartbeat(GroupTicket ticket, KafkaError code) {
    wire::HeartbeatResponse answer;
    answer.error_code = static_cast<std::int16_t>(code);
    machine_.on_heartbeat(ticket, answer, now_);
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
  /// Through join and sync to the application's rebalance.
  Rebalance settle(std::vector<TopicPartition> partitions, std::int32_t generation) {
    answer_join(take<SendJoin>().ticket, generation);
    answer_sync(take<SendSync>().ticket, std::move(partitions));
    return take<Rebalance>();
  }

  GroupMember& machine() { return machine_; }
  bool is_quiet() const { return effects_.empty(); }
  MonotonicTime now() const { return now_; }

 private:
  GroupMember machine_;
  std::string assignor_name_;
  MonotonicTime now_ = kStart;
  std::vector<GroupEffect> effects_;
};

TEST(GroupMember, TakesTheMemberIdThatTheCoordinatorGivesAndJoinsWithIt) {
  Member member(make_range_assignor());
  const auto first = member.take<SendJoin>();
  EXPECT_EQ(first.request.member_id, "");

  member.fail_join(first.ticket, KafkaError::kMemberIdRequired);

  EXPECT_EQ(member.take<SendJoin>().request.member_id, "me");
}

TEST(GroupMember, GoesFromJoinToStableAndBeats) {
  Member member(make_range_assignor());

  const auto rebalance = member.settle({at(0), at(1)}, 4);
  EXPECT_THAT(rebalance.assigned, ElementsAre(at(0), at(1)));
  EXPECT_THAT(rebalance.revoked, IsEmpty());
  member.acknowledge();

  EXPECT_TRUE(member.machine().is_stable());
  EXPECT_THAT(member.machine().owned(), ElementsAre(at(0), at(1)));
  member.pass(Millis{2999});
  EXPECT_TRUE(member.is_quiet());
  member.pass(Millis{1});
  EXPECT_EQ(member.take<SendHeartbeat>().request.generation_id, 4);
}

TEST(GroupMember, TheLeaderDealsForEverybody) {
  Member member(make_range_assignor());
  member.answer_join(member.take<SendJoin>().ticket, 1, "me");
  const auto ask = member.take<AskPartitionCounts>();
  EXPECT_THAT(ask.topics, ElementsAre("t"));

  member.machine().on_partition_counts(ask.ticket, {{"t", 2}}, kStart);
  member.collect();

  const auto sync = member.take<SendSync>();
  ASSERT_EQ(sync.request.assignments.size(), 1U);
  const auto dealt = decode_assignment(sync.request.assignments[0].assignment);
  EXPECT_THAT(dealt->partitions, ElementsAre(at(0), at(1)));
}

TEST(GroupMember, ALeaderDealsAgainWhenATopicCameWhileTheGroupWasSettling) {
  Member member(make_cooperative_sticky_assignor());
  member.answer_join(member.take<SendJoin>().ticket, 1, "me");
  member.machine().on_partition_counts(member.take<AskPartitionCounts>().ticket, {}, kStart);
  member.collect();
  EXPECT_THAT(member.machine().watched_topics(), IsEmpty()) << "nothing can be done while it syncs";
  member.answer_sync(member.take<SendSync>().ticket, {});
  member.take<Rebalance>();

  EXPECT_THAT(member.machine().watched_topics(), ElementsAre("t"));
  member.machine().on_known_counts({{"t", 2}}, kStart);
  member.collect();
  EXPECT_TRUE(member.is_quiet()) << "the application comes first";
  member.acknowledge();

  member.answer_join(member.take<SendJoin>().ticket, 2, "me");
  member.machine().on_partition_counts(member.take<AskPartitionCounts>().ticket, {{"t", 2}},
                                       kStart);
  member.collect();
  member.answer_sync(member.take<SendSync>().ticket, {at(0), at(1)});
  member.take<Rebalance>();
  member.acknowledge();
  member.machine().on_known_counts({{"t", 2}}, kStart);
  member.collect();
  EXPECT_TRUE(member.is_quiet()) << "nothing is new";
}

TEST(GroupMember, AStaticLeaderThatCameBackDealsOnlyWhenTopicsChange) {
  Member member(make_cooperative_sticky_assignor(), "instance");
  member.answer_join(member.take<SendJoin>().ticket, 5, "me", SkipAssignment::kYes);
  const auto sync = member.take<SendSync>();
  EXPECT_THAT(sync.request.assignments, IsEmpty());
  member.answer_sync(sync.ticket, {at(0)});
  member.take<Rebalance>();
  member.acknowledge();

  member.machine().on_known_counts({{"t", 1}}, kStart);
  member.collect();
  EXPECT_TRUE(member.is_quiet()) << "what was dealt before still holds";
  member.machine().on_known_counts({{"t", 2}}, kStart);
  member.collect();
  member.take<SendJoin>();
}

TEST(GroupMember, EagerGivesUpEverythingBeforeItJoinsAgain) {
  Member member(make_range_assignor());
  member.settle({at(0), at(1)}, 1);
  member.acknowledge();
  member.pass(Millis{3000});

  member.answer_heartbeat(member.take<SendHeartbeat>().ticket, KafkaError::kRebalanceInProgress);

  EXPECT_THAT(member.take<Rebalance>().revoked, ElementsAre(at(0), at(1)));
  EXPECT_TRUE(member.is_quiet()) << "it joins only when the application has let go";
  member.acknowledge();
  EXPECT_EQ(member.take<SendJoin>().request.member_id, "me");
}

TEST(GroupMember, CooperativeKeepsReadingAndGivesUpOnlyWhatMoves) {
  Member member(make_cooperative_sticky_assignor());
  member.settle({at(0), at(1)}, 1);
  member.acknowledge();
  member.pass(Millis{3000});
  member.answer_heartbeat(member.take<SendHeartbeat>().ticket, KafkaError::kRebalanceInProgress);

  const auto join = member.take<SendJoin>();
  const auto told = decode_subscription(join.request.protocols[0].metadata);
  EXPECT_THAT(told->owned, ElementsAre(at(0), at(1)));
  EXPECT_EQ(told->generation, 1);
  member.answer_join(join.ticket, 2);
  member.answer_sync(member.take<SendSync>().ticket, {at(0)});
  const auto rebalance = member.take<Rebalance>();
  EXPECT_THAT(rebalance.revoked, ElementsAre(at(1)));
  EXPECT_THAT(rebalance.assigned, IsEmpty());
  EXPECT_TRUE(member.is_quiet());

  member.acknowledge();

  const auto again = member.take<SendJoin>();
  EXPECT_THAT(decode_subscription(again.request.protocols[0].metadata)->owned, ElementsAre(at(0)));
}

TEST(GroupMember, AForgottenMemberLosesItsPartitionsAndJoinsAsANewOne) {
  Member member(make_cooperative_sticky_assignor());
  member.settle({at(0)}, 1);
  member.acknowledge();
  member.pass(Millis{3000});

  member.answer_heartbeat(member.take<SendHeartbeat>().ticket, KafkaError::kUnknownMemberId);

  EXPECT_THAT(member.take<Rebalance>().lost, ElementsAre(at(0)));
  member.acknowledge();
  const auto join = member.take<SendJoin>();
  EXPECT_EQ(join.request.member_id, "");
  EXPECT_THAT(decode_subscription(join.request.protocols[0].metadata)->owned, IsEmpty());
}

TEST(GroupMember, ALossWhileTheApplicationIsBusyIsToldAfterwards) {
  Member member(make_cooperative_sticky_assignor());
  member.settle({at(0)}, 1);  // not acknowledged yet
  member.pass(Millis{3000});

  member.answer_heartbeat(member.take<SendHeartbeat>().ticket, KafkaError::kIllegalGeneration);
  EXPECT_TRUE(member.is_quiet());
  member.acknowledge();

  EXPECT_THAT(member.take<Rebalance>().lost, ElementsAre(at(0)));
  member.acknowledge();
  member.take<SendJoin>();
}

TEST(GroupMember, RetriesAfterABackoffWhenTheCoordinatorIsAway) {
  Member member(make_range_assignor());
  member.fail_join(member.take<SendJoin>().ticket, KafkaError::kNotCoordinator);

  EXPECT_TRUE(member.is_quiet());
  ASSERT_TRUE(member.machine().next_deadline().has_value());
  EXPECT_GT(*member.machine().next_deadline(), member.now());
  member.pass(Millis{200});
  member.take<SendJoin>();
}

TEST(GroupMember, AFencedInstanceFailsForGood) {
  Member member(make_range_assignor(), "instance");
  const auto join = member.take<SendJoin>();
  EXPECT_EQ(join.request.group_instance_id, "instance");
  member.fail_join(join.ticket, KafkaError::kFencedInstanceId);

  EXPECT_EQ(wire::kafka_error_of(member.take<GroupFailed>().error), KafkaError::kFencedInstanceId);
  member.pass(Millis{100'000});
  EXPECT_TRUE(member.is_quiet());
}

TEST(GroupMember, LeavesByNameButAStaticMemberGoesSilently) {
  Member dynamic(make_range_assignor());
  dynamic.settle({at(0)}, 1);
  dynamic.machine().leave("test");
  dynamic.collect();
  EXPECT_EQ(dynamic.take<SendLeave>().request.members.at(0).member_id, "me");

  Member fixed(make_range_assignor(), "instance");
  fixed.settle({at(0)}, 1);
  fixed.machine().leave("test");
  fixed.collect();
  EXPECT_TRUE(fixed.is_quiet());
}

TEST(GroupMember, AnApplicationThatDoesNotPollLeavesAndComesBackWhenItDoes) {
  Member member(make_cooperative_sticky_assignor());
  member.settle({at(0)}, 1);
  member.acknowledge();

  member.machine().on_poll_overdue();
  member.collect();
  member.take<SendLeave>();
  EXPECT_THAT(member.take<Rebalance>().lost, ElementsAre(at(0)));
  member.pass(Millis{60'000});
  EXPECT_TRUE(member.is_quiet()) << "it does not come back by itself";

  member.acknowledge();
  EXPECT_EQ(member.take<SendJoin>().request.member_id, "");
}

TEST(GroupMember, ARefusedCommitSendsItBackAtOnceAndNotWithTheNextHeartbeat) {
  const auto refuse = [](Member& member, KafkaError code, std::int32_t generation) {
    member.machine().on_commit_refused(wire::make_error(code), generation, member.now());
    member.collect();
  };
  Member expelled(make_range_assignor());
  expelled.settle({at(0)}, 4);
  expelled.acknowledge();
  refuse(expelled, KafkaError::kUnknownMemberId, 4);
  EXPECT_THAT(expelled.take<Rebalance>().lost, ElementsAre(at(0)));
  expelled.acknowledge();
  EXPECT_EQ(expelled.take<SendJoin>().request.member_id, "");

  Member late(make_range_assignor());
  late.settle({at(0)}, 4);
  late.acknowledge();
  refuse(late, KafkaError::kRebalanceInProgress, 3);
  refuse(late, KafkaError::kOffsetMetadataTooLarge, 4);
  EXPECT_TRUE(late.is_quiet()) << "of an older generation, or no reason to join again";
  refuse(late, KafkaError::kRebalanceInProgress, 4);
  EXPECT_THAT(late.take<Rebalance>().revoked, ElementsAre(at(0)));
  refuse(late, KafkaError::kRebalanceInProgress, 4);
  EXPECT_TRUE(late.is_quiet()) << "it is about to join";
}

/// Throws wherever it is told to.
class ThrowingAssignor final : public Assignor {
 public:
  enum class Where { kUserData, kAssign, kOnAssignment };
  explicit ThrowingAssignor(Where where) : where_(where) {}
  std::string_view name() const override { return "mine"; }
  RebalanceProtocol protocol() const override { return RebalanceProtocol::kCooperative; }
  GroupAssignment assign(const PartitionCounts& /*counts*/,
                         const std::vector<MemberSubscription>& /*members*/) const override {
    if (where_ == Where::kAssign) throw std::runtime_error("no luck");
    return {};
  }
  std::string subscription_user_data(const std::vector<TopicPartition>& owned) const override {
    if (where_ == Where::kUserData && !owned.empty()) throw std::runtime_error("no luck");
    return {};
  }
  void on_assignment(const MemberAssignment& /*assignment*/, std::int32_t generation) override {
    if (where_ == Where::kOnAssignment && generation > 1) throw std::runtime_error("no luck");
  }

 private:
  Where where_;
};

TEST(GroupMember, ALeaderWhoseAssignorThrowsLeavesAndSaysWhy) {
  Member member(std::make_shared<ThrowingAssignor>(ThrowingAssignor::Where::kAssign));
  member.answer_join(member.take<SendJoin>().ticket, 1, "me");
  member.machine().on_partition_counts(member.take<AskPartitionCounts>().ticket, {{"t", 2}},
                                       member.now());
  member.collect();

  EXPECT_EQ(member.take<SendLeave>().request.member_id, "me");
  const auto failed = member.take<GroupFailed>();
  EXPECT_EQ(failed.error.code, ErrorCode::kThrown);
  EXPECT_EQ(failed.error.message, "assign of the assignor \"mine\" threw: no luck");
  EXPECT_TRUE(member.is_quiet());
  member.machine().subscribe({"t"}, member.now());
  member.collect();
  EXPECT_EQ(member.take<SendJoin>().request.member_id, "");
}

TEST(GroupMember, WhatAMemberHeldWhenItsAssignorThrewIsLost) {
  Member member(std::make_shared<ThrowingAssignor>(ThrowingAssignor::Where::kOnAssignment));
  member.settle({at(0)}, 1);
  member.acknowledge();
  member.pass(Millis{3000});
  member.answer_heartbeat(member.take<SendHeartbeat>().ticket, KafkaError::kRebalanceInProgress);
  member.answer_join(member.take<SendJoin>().ticket, 2);
  member.answer_sync(member.take<SendSync>().ticket, {at(0)});

  member.take<SendLeave>();
  EXPECT_THAT(member.take<Rebalance>().lost, ElementsAre(at(0)));
  EXPECT_EQ(member.take<GroupFailed>().error.code, ErrorCode::kThrown);
  member.acknowledge();
  EXPECT_TRUE(member.is_quiet());
  EXPECT_THAT(member.machine().owned(), IsEmpty());
}

TEST(GroupMember, AnAssignorThatThrowsWhileTheApplicationIsBusyLosesItAllAfterwards) {
  Member member(std::make_shared<ThrowingAssignor>(ThrowingAssignor::Where::kUserData));
  member.settle({at(0)}, 1);
  member.pass(Millis{3000});
  member.answer_heartbeat(member.take<SendHeartbeat>().ticket, KafkaError::kRebalanceInProgress);
  EXPECT_TRUE(member.is_quiet());

  member.acknowledge();

  member.take<SendLeave>();
  EXPECT_THAT(member.take<Rebalance>().lost, ElementsAre(at(0)));
  EXPECT_EQ(member.take<GroupFailed>().error.code, ErrorCode::kThrown);
}

/// A member that holds a partition and is in the next round, which a test ends badly.
class InTheNextRound : public testing::Test {
 protected:
  InTheNextRound() {
    member_.settle({at(0)}, 1);
    member_.acknowledge();
    member_.pass(Millis{3000});
    member_.answer_heartbeat(member_.take<SendHeartbeat>().ticket,
                             KafkaError::kRebalanceInProgress);
  }
  void expect_left_and_lost() {
    EXPECT_EQ(member_.take<SendLeave>().request.members.front().member_id, "me");
    EXPECT_THAT(member_.take<Rebalance>().lost, ElementsAre(at(0)));
    member_.take<GroupFailed>();
    member_.acknowledge();
    EXPECT_TRUE(member_.is_quiet());
    EXPECT_THAT(member_.machine().owned(), IsEmpty());
  }

  Member member_{make_cooperative_sticky_assignor()};
};

TEST_F(InTheNextRound, AnAssignmentThatCannotBeReadEndsTheMembershipAndAllIsLost) {
  member_.answer_join(member_.take<SendJoin>().ticket, 2);
  wire::SyncGroupResponse unreadable;
  unreadable.assignment = "x";
  member_.machine().on_sync(member_.take<SendSync>().ticket, unreadable, member_.now());
  member_.collect();
  expect_left_and_lost();
}

TEST_F(InTheNextRound, AnAssignorThatWasNotOfferedEndsTheMembershipAndAllIsLost) {
  wire::JoinGroupResponse answer;
  answer.generation_id = 2;
  answer.protocol_name = "somebody else's";
  answer.leader = "other";
  answer.member_id = "me";
  member_.machine().on_join(member_.take<SendJoin>().ticket, answer, member_.now());
  member_.collect();
  expect_left_and_lost();
}

TEST(GroupMember, AnAnswerThatCameTooLateIsIgnored) {
  Member member(make_range_assignor());
  const auto old = member.take<SendJoin>();
  member.machine().subscribe({"t", "u"}, kStart);
  member.collect();
  const auto current = member.take<SendJoin>();

  member.answer_join(old.ticket, 1);
  EXPECT_TRUE(member.is_quiet());
  member.answer_join(current.ticket, 2);
  member.take<SendSync>();
}

}  // namespace
}  // namespace millrace::client
