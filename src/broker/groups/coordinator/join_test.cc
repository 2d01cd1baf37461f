#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/groups/group_world.h"

namespace millrace::broker {
namespace {

using testing::SizeIs;
using testing::StartsWith;
using wire::KafkaError;

KafkaError error_of(const wire::JoinGroupResponse& response) {
  return static_cast<KafkaError>(response.error_code);
}

TEST(JoinGroup, RefusesWhatMakesNoSense) {
  struct Case {
    std::string_view what;
    GroupWorld::Join join;
    KafkaError error;
  };
  const std::vector<Case> cases{
      {"no group id", {.group = ""}, KafkaError::kInvalidGroupId},
      {"a group id no record can hold",
       {.group = std::string(40'000, 'g')},
       KafkaError::kInvalidGroupId},
      {"session too short", {.session_timeout_ms = 5'999}, KafkaError::kInvalidSessionTimeout},
      {"session negative", {.session_timeout_ms = -1}, KafkaError::kInvalidSessionTimeout},
      {"session too long", {.session_timeout_ms = 1'800'001}, KafkaError::kInvalidSessionTimeout},
      {"no protocol type", {.protocol_type = ""}, KafkaError::kInconsistentGroupProtocol},
      {"no protocols", {.protocols = {}}, KafkaError::kInconsistentGroupProtocol},
      {"an id in a group nobody knows", {.member = "ghost"}, KafkaError::kUnknownMemberId},
      {"a client id no record can hold",
       {.client = std::string(32'700, 'c')},
       KafkaError::kInvalidRequest},
  };
  for (const Case& each : cases) {
    GroupWorld world;
    const auto& response = world.joined(world.join(each.join));
    EXPECT_EQ(error_of(response), each.error) << each.what;
    EXPECT_EQ(response.generation_id, -1) << each.what;
    EXPECT_EQ(world.group(each.join.group), nullptr) << each.what;
  }
}

TEST(JoinGroup, AcceptsTheLimitsOfTheSession) {
  for (const std::int32_t timeout_ms : {6'000, 1'800'000}) {
    GroupWorld world;
    EXPECT_EQ(error_of(world.joined(world.join({.session_timeout_ms = timeout_ms}))),
              KafkaError::kMemberIdRequired);
  }
}

TEST(JoinGroup, HandsOutAMemberIdFirstFromVersion4On) {
  GroupWorld world;

  const auto& first = world.joined(world.join({.version = 4, .client = "app"}));

  EXPECT_EQ(error_of(first), KafkaError::kMemberIdRequired);
  EXPECT_THAT(first.member_id, StartsWith("app-"));
  EXPECT_THAT(first.member_id, SizeIs(4 + 36));
  const auto& second = world.joined(world.join({.member = first.member_id, .version = 4}));
  EXPECT_EQ(error_of(second), KafkaError::kNone);
  EXPECT_EQ(second.generation_id, 1);
  EXPECT_EQ(second.leader, first.member_id);
}

TEST(JoinGroup, LetsOldVersionsInAtOnce) {
  GroupWorld world;

  const auto& response = world.joined(world.join({.version = 3}));

  EXPECT_EQ(error_of(response), KafkaError::kNone);
  EXPECT_EQ(response.leader, response.member_id);
  EXPECT_THAT(response.members, SizeIs(1));
}

TEST(JoinGroup, SaysNoProtocolNameInErrorsThatAllowIt) {
  GroupWorld world;
  EXPECT_EQ(world.joined(world.join({.version = 6})).protocol_name, "");
  EXPECT_EQ(world.joined(world.join({.version = 7})).protocol_name, std::nullopt);
}

TEST(JoinGroup, TellsOnlyTheLeaderWhoIsThere) {
  GroupWorld world;
  const std::string a = world.new_member_id({});
  world.join({.member = a, .protocols = {{"range", "of a"}}});
  const std::string b = world.new_member_id({});
  const auto join_b = world.join({.member = b, .protocols = {{"range", "of b"}}});
  EXPECT_FALSE(world.is_answered(join_b));

  const auto join_a = world.join({.member = a, .protocols = {{"range", "of a"}}});

  const auto& to_a = world.joined(join_a);
  const auto& to_b = world.joined(join_b);
  EXPECT_EQ(to_a.generation_id, 2);
  EXPECT_EQ(to_b.generation_id, 2);
  EXPECT_EQ(to_a.leader, a);
  EXPECT_EQ(to_b.leader, a);
  EXPECT_EQ(to_a.protocol_name, "range");
  EXPECT_EQ(to_a.protocol_type, "consumer");
  EXPECT_THAT(to_b.members, SizeIs(0));
  ASSERT_THAT(to_a.members, SizeIs(2));
  std::map<std::string, std::string> told;
  for (const auto& member : to_a.members) told[member.member_id] = member.metadata;
  EXPECT_EQ(told, (std::map<std::string, std::string>{{a, "of a"}, {b, "of b"}}));
}

TEST(JoinGroup, VotesForTheProtocolThatMostWantAmongThoseThatAllKnow) {
  GroupWorld world({.initial_rebalance_delay = Millis{100}});
  const std::vector<std::vector<std::string>> wishes = {
      {"only-mine", "range", "sticky"}, {"sticky", "range"}, {"sticky", "range", "other"}};
  std::vector<RequestToken> joins;
  for (const auto& wish : wishes) {
    GroupWorld::Join join{.protocols = {}, .version = 3};
    for (const std::string& name : wish) join.protocols.emplace_back(name, "m");
    joins.push_back(world.join(join));
  }
  world.advance(Millis{300});

  EXPECT_EQ(world.joined(joins[0]).protocol_name, "sticky");
}

TEST(JoinGroup, BreaksATieByTheWishOfTheLeader) {
  GroupWorld world({.initial_rebalance_delay = Millis{100}});
  const auto first =
      world.join({.protocols = {{"sticky", ""}, {"range", ""}}, .version = 3, .client = "z"});
  world.join({.protocols = {{"range", ""}, {"sticky", ""}}, .version = 3, .client = "a"});
  world.advance(Millis{300});

  EXPECT_EQ(world.joined(first).protocol_name, "sticky");
}

TEST(JoinGroup, TurnsAwayWhoHasNoProtocolInCommon) {
  GroupWorld world;
  world.make_stable(1);

  EXPECT_EQ(error_of(world.joined(world.join({.protocols = {{"sticky", ""}}}))),
            KafkaError::kInconsistentGroupProtocol);
  EXPECT_EQ(error_of(world.joined(world.join({.protocol_type = "connect"}))),
            KafkaError::kInconsistentGroupProtocol);
  EXPECT_TRUE(world.group()->is_in(GroupState::kStable));
}

TEST(JoinGroup, LetsAnEmptyGroupChangeItsType) {
  GroupWorld world;
  const auto members = world.make_stable(1);
  world.leave({{.member = members[0]}});

  const auto& response = world.joined(
      world.join({.protocols = {{"default", ""}}, .protocol_type = "connect", .version = 3}));

  EXPECT_EQ(error_of(response), KafkaError::kNone);
  EXPECT_EQ(world.group()->protocol_type(), "connect");
}

TEST(JoinGroup, TellsAFollowerThatComesBackUnchangedTheGenerationAtOnce) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  const std::int32_t generation = world.group()->generation();

  const auto& response = world.joined(world.join({.member = members[1]}));

  EXPECT_EQ(error_of(response), KafkaError::kNone);
  EXPECT_EQ(response.generation_id, generation);
  EXPECT_TRUE(world.group()->is_in(GroupState::kStable));
}

TEST(JoinGroup, RebalancesWhenAMemberHasChangedOrTheLeaderAsks) {
  struct Case {
    std::string_view what;
    std::size_t member;
    std::string metadata;
  };
  for (const Case& each : {Case{"the leader, unchanged", 0, "sub"},
                           Case{"a follower with another subscription", 1, "another"}}) {
    GroupWorld world;
    const auto members = world.make_stable(2);

    const auto token =
        world.join({.member = members[each.member], .protocols = {{"range", each.metadata}}});

    EXPECT_FALSE(world.is_answered(token)) << each.what;
    EXPECT_TRUE(world.group()->is_in(GroupState::kPreparingRebalance)) << each.what;
  }
}

TEST(JoinGroup, RepeatsItsAnswerWhileTheAssignmentIsAwaited) {
  GroupWorld world;
  const std::string a = world.new_member_id({});
  world.join({.member = a});

  const auto& again = world.joined(world.join({.member = a}));

  EXPECT_EQ(again.generation_id, 1);
  EXPECT_THAT(again.members, SizeIs(1));
}

TEST(JoinGroup, DropsMembersThatDoNotRejoinInTime) {
  GroupWorld world;
  const auto members = world.make_stable(3);
  const auto leader = world.join({.member = members[0], .rebalance_timeout_ms = 5'000});
  const auto second = world.join({.member = members[1], .rebalance_timeout_ms = 5'000});
  // The third one only sends heartbeats. The longest rebalance time-out, its own, counts.
  for (int i = 0; i < 59; ++i) {
    world.heartbeat(members[2], world.group()->generation());
    world.advance(Millis{1'000});
  }
  EXPECT_FALSE(world.is_answered(leader));

  world.advance(Millis{2'000});

  EXPECT_THAT(world.joined(leader).members, SizeIs(2));
  EXPECT_EQ(error_of(world.joined(second)), KafkaError::kNone);
  EXPECT_EQ(world.heartbeat_error(world.heartbeat(members[2], world.group()->generation())),
            KafkaError::kUnknownMemberId);
}

TEST(JoinGroup, MakesAnotherMemberLeadWhenTheLeaderDoesNotRejoin) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  const auto token = world.join({.member = members[1], .protocols = {{"range", "changed"}}});

  world.advance(Millis{61'000});

  EXPECT_EQ(world.joined(token).leader, members[1]);
  EXPECT_THAT(world.joined(token).members, SizeIs(1));
}

TEST(JoinGroup, ForgetsAnIdThatWasNeverUsed) {
  GroupWorld world;
  const std::string id = world.new_member_id({.session_timeout_ms = 6'000});
  EXPECT_TRUE(world.group()->is_pending(id));

  world.advance(Millis{6'001});

  EXPECT_FALSE(world.group()->is_pending(id));
  EXPECT_EQ(error_of(world.joined(world.join({.member = id}))), KafkaError::kUnknownMemberId);
}

TEST(JoinGroup, WaitsForMembersThatWereGivenAnId) {
  GroupWorld world;
  const auto members = world.make_stable(1);
  const std::string b = world.new_member_id({.session_timeout_ms = 6'000});
  const auto leader = world.join({.member = members[0]});
  EXPECT_FALSE(world.is_answered(leader));

  world.advance(Millis{6'001});

  EXPECT_EQ(error_of(world.joined(leader)), KafkaError::kNone);
  EXPECT_FALSE(world.group()->is_pending(b));
}

TEST(JoinGroup, LetsTheFirstMembersOfAGroupGather) {
  GroupWorld world({.initial_rebalance_delay = Millis{3'000}});
  const auto first = world.join({.version = 3});
  world.advance(Millis{2'000});
  const auto second = world.join({.version = 3});
  world.advance(Millis{1'500});
  // Somebody came during the first wait, so there is a second one.
  EXPECT_FALSE(world.is_answered(first));
  world.advance(Millis{2'600});

  EXPECT_EQ(world.joined(first).generation_id, 1);
  EXPECT_EQ(world.joined(second).generation_id, 1);
  EXPECT_THAT(world.joined(first).members, SizeIs(2));
}

TEST(JoinGroup, DoesNotGatherBeyondTheRebalanceTimeout) {
  GroupWorld world({.initial_rebalance_delay = Millis{3'000}});
  const auto first = world.join({.rebalance_timeout_ms = 7'000, .version = 3});
  for (int i = 0; i < 6; ++i) {
    world.advance(Millis{1'000});
    world.join({.rebalance_timeout_ms = 7'000, .version = 3});
  }
  world.advance(Millis{1'001});

  EXPECT_TRUE(world.is_answered(first));
}

TEST(JoinGroup, GivesUpOnNewMembersThatNobodyCouldTellTheirId) {
  GroupWorld world;
  const auto members = world.make_stable(1);
  const auto abandoned = world.join({.rebalance_timeout_ms = 600'000, .version = 3});
  for (int i = 0; i < 301; ++i) {
    world.heartbeat(members[0], world.group()->generation());
    // The first member never rejoins, and its rebalance time-out is 60 s.
    world.advance(Millis{1'000});
    if (world.is_answered(abandoned)) break;
  }
  EXPECT_TRUE(world.is_answered(abandoned));
}

TEST(JoinGroup, KeepsTheGroupToItsMaximumSize) {
  GroupWorld world({.group_size_max = 2});
  const auto members = world.make_stable(2);

  const auto& refused = world.joined(world.join({.version = 3}));

  EXPECT_EQ(error_of(refused), KafkaError::kGroupMaxSizeReached);
  EXPECT_EQ(refused.member_id, "");
  EXPECT_EQ(error_of(world.joined(world.join({.member = members[1]}))), KafkaError::kNone);
}

TEST(JoinGroup, AnswersTheFirstOfTwoRequestsOfOneMember) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  const auto first = world.join({.member = members[0]});

  const auto second = world.join({.member = members[0]});

  EXPECT_EQ(error_of(world.joined(first)), KafkaError::kRebalanceInProgress);
  EXPECT_FALSE(world.is_answered(second));
}

TEST(JoinGroup, SurvivesARebalanceTimeoutOfZeroOrLess) {
  for (const std::int32_t timeout_ms : {0, -1, INT32_MIN}) {
    GroupWorld world;
    const std::string a = world.new_member_id({.rebalance_timeout_ms = timeout_ms});
    world.join({.member = a, .rebalance_timeout_ms = timeout_ms});
    world.advance(Millis{20'000});
    EXPECT_LE(world.group()->members().size(), 1U);
  }
}

TEST(JoinGroup, UsesTheSessionAsRebalanceTimeoutInVersion0) {
  GroupWorld world;
  world.join({.session_timeout_ms = 7'000, .rebalance_timeout_ms = -1, .version = 0});
  EXPECT_EQ(world.group()->rebalance_timeout(), Millis{7'000});
}

}  // namespace
}  // namespace millrace::broker
