#include <gtest/gtest.h>

#include "broker/groups/group_world.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

KafkaError error_of(const wire::SyncGroupResponse& response) {
  return static_cast<KafkaError>(response.error_code);
}

/// Two members that have joined and not yet synced; the first one leads.
struct TwoJoined {
  TwoJoined() {
    a = world.new_member_id({});
    world.join({.member = a});
    b = world.new_member_id({});
    world.join({.member = b});
    world.join({.member = a});
    generation = world.group()->generation();
  }
  GroupWorld world;
  std::string a;
  std::string b;
  std::int32_t generation = 0;
};

TEST(SyncGroup, GivesEverybodyHisPartOnceTheLeaderHasSpoken) {
  TwoJoined two;
  const auto of_b = two.world.sync({.member = two.b, .generation = two.generation});
  EXPECT_FALSE(two.world.is_answered(of_b));

  const auto of_a = two.world.sync({.member = two.a,
                                    .generation = two.generation,
                                    .assignments = {{two.a, "for a"}, {two.b, "for b"}}});

  EXPECT_EQ(two.world.synced(of_a).assignment, "for a");
  EXPECT_EQ(two.world.synced(of_b).assignment, "for b");
  EXPECT_EQ(two.world.synced(of_b).protocol_name, "range");
  EXPECT_EQ(two.world.synced(of_b).protocol_type, "consumer");
  EXPECT_TRUE(two.world.group()->is_in(GroupState::kStable));
}

TEST(SyncGroup, AnswersALateMemberFromTheStableGroup) {
  TwoJoined two;
  two.world.sync({.member = two.a, .generation = two.generation, .assignments = {{two.b, "late"}}});

  const auto late = two.world.sync({.member = two.b, .generation = two.generation});

  EXPECT_EQ(two.world.synced(late).assignment, "late");
}

TEST(SyncGroup, GivesNothingToMembersTheLeaderForgot) {
  TwoJoined two;
  const auto of_b = two.world.sync({.member = two.b, .generation = two.generation});
  two.world.sync({.member = two.a,
                  .generation = two.generation,
                  .assignments = {{two.a, "all"}, {"who?", "x"}}});

  EXPECT_EQ(error_of(two.world.synced(of_b)), KafkaError::kNone);
  EXPECT_EQ(two.world.synced(of_b).assignment, "");
}

TEST(SyncGroup, WaitsUntilTheAssignmentIsInTheLog) {
  TwoJoined two;
  two.world.holds_appends = true;
  const auto of_a = two.world.sync(
      {.member = two.a, .generation = two.generation, .assignments = {{two.a, "all"}}});
  EXPECT_FALSE(two.world.is_answered(of_a));
  EXPECT_TRUE(two.world.group()->is_in(GroupState::kCompletingRebalance));

  two.world.acknowledge();

  EXPECT_EQ(two.world.synced(of_a).assignment, "all");
}

TEST(SyncGroup, StartsOverWhenTheLogRefusesTheAssignment) {
  TwoJoined two;
  two.world.holds_appends = true;
  const auto of_b = two.world.sync({.member = two.b, .generation = two.generation});
  const auto of_a = two.world.sync({.member = two.a, .generation = two.generation});

  two.world.acknowledge(KafkaError::kKafkaStorageError);

  EXPECT_EQ(error_of(two.world.synced(of_a)), KafkaError::kNotCoordinator);
  EXPECT_EQ(error_of(two.world.synced(of_b)), KafkaError::kNotCoordinator);
  EXPECT_TRUE(two.world.group()->is_in(GroupState::kPreparingRebalance));
}

TEST(SyncGroup, IgnoresAnAssignmentThatARebalanceOvertook) {
  TwoJoined two;
  two.world.holds_appends = true;
  const auto of_a = two.world.sync({.member = two.a, .generation = two.generation});
  two.world.join({.member = two.b, .protocols = {{"range", "changed"}}});
  EXPECT_EQ(error_of(two.world.synced(of_a)), KafkaError::kRebalanceInProgress);
  two.world.join({.member = two.a});
  const auto of_b = two.world.sync({.member = two.b, .generation = two.generation + 1});

  two.world.acknowledge();

  EXPECT_FALSE(two.world.is_answered(of_b));
  EXPECT_TRUE(two.world.group()->is_in(GroupState::kCompletingRebalance));
}

TEST(SyncGroup, RefusesWhatDoesNotFitTheGroup) {
  TwoJoined two;
  struct Case {
    std::string_view what;
    GroupWorld::Sync sync;
    KafkaError error;
  };
  const GroupWorld::Sync good{.member = two.b, .generation = two.generation};
  auto with = [&](auto change) {
    GroupWorld::Sync sync = good;
    change(sync);
    return sync;
  };
  const std::vector<Case> cases{
      {"no group id", with([](auto& s) { s.group = ""; }), KafkaError::kInvalidGroupId},
      {"unknown group", with([](auto& s) { s.group = "h"; }), KafkaError::kUnknownMemberId},
      {"unknown member", with([](auto& s) { s.member = "x"; }), KafkaError::kUnknownMemberId},
      {"empty member", with([](auto& s) { s.member = ""; }), KafkaError::kUnknownMemberId},
      {"unknown instance", with([](auto& s) { s.instance = "i"; }), KafkaError::kUnknownMemberId},
      {"old generation", with([](auto& s) { --s.generation; }), KafkaError::kIllegalGeneration},
      {"future generation", with([](auto& s) { ++s.generation; }), KafkaError::kIllegalGeneration},
      {"other type", with([](auto& s) { s.protocol_type = "connect"; }),
       KafkaError::kInconsistentGroupProtocol},
      {"other protocol", with([](auto& s) { s.protocol_name = "sticky"; }),
       KafkaError::kInconsistentGroupProtocol},
      {"v5 without type", with([](auto& s) { s.protocol_type.reset(); }),
       KafkaError::kInconsistentGroupProtocol},
      {"v5 without protocol", with([](auto& s) { s.protocol_name.reset(); }),
       KafkaError::kInconsistentGroupProtocol},
  };
  for (const Case& each : cases) {
    const auto token = two.world.sync(each.sync);
    ASSERT_TRUE(two.world.is_answered(token)) << each.what;
    EXPECT_EQ(error_of(two.world.synced(token)), each.error) << each.what;
  }
}

TEST(SyncGroup, DoesNotNeedProtocolsInOlderVersions) {
  TwoJoined two;
  const auto of_a = two.world.sync({.member = two.a,
                                    .generation = two.generation,
                                    .protocol_type = std::nullopt,
                                    .protocol_name = std::nullopt,
                                    .version = 4});
  EXPECT_EQ(error_of(two.world.synced(of_a)), KafkaError::kNone);
}

TEST(SyncGroup, SendsMembersBackToJoinDuringARebalance) {
  TwoJoined two;
  const auto waiting = two.world.sync({.member = two.b, .generation = two.generation});
  two.world.join({.member = two.a, .protocols = {{"range", "changed"}}});
  EXPECT_EQ(error_of(two.world.synced(waiting)), KafkaError::kRebalanceInProgress);

  const auto late = two.world.sync({.member = two.b, .generation = two.generation});

  EXPECT_EQ(error_of(two.world.synced(late)), KafkaError::kRebalanceInProgress);
}

TEST(SyncGroup, RemovesMembersThatNeverAskForTheirPart) {
  TwoJoined two;
  const auto of_b = two.world.sync({.member = two.b, .generation = two.generation});
  for (int i = 0; i < 61; ++i) {
    // The leader lives, but never hands in an assignment.
    two.world.heartbeat(two.a, two.generation);
    two.world.advance(Millis{1'000});
  }
  EXPECT_EQ(error_of(two.world.synced(of_b)), KafkaError::kRebalanceInProgress);
  EXPECT_EQ(two.world.heartbeat_error(two.world.heartbeat(two.a, two.generation)),
            KafkaError::kUnknownMemberId);

  const auto rejoined = two.world.join({.member = two.b});
  EXPECT_EQ(two.world.joined(rejoined).leader, two.b);
}

TEST(SyncGroup, AnswersAMemberThatLeavesWhileItWaits) {
  TwoJoined two;
  const auto waiting = two.world.sync({.member = two.b, .generation = two.generation});

  two.world.leave({{.member = two.b}});

  EXPECT_EQ(error_of(two.world.synced(waiting)), KafkaError::kUnknownMemberId);
}

}  // namespace
}  // namespace millrace::broker
