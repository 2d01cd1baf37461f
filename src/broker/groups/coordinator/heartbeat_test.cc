#include <gtest/gtest.h>

#include "broker/groups/group_world.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

TEST(Heartbeat, SaysHowTheMemberStands) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  const std::int32_t generation = world.group()->generation();
  struct Case {
    std::string_view what;
    std::string member;
    std::int32_t generation;
    std::optional<std::string> instance;
    std::string group;
    KafkaError error;
  };
  const std::vector<Case> cases{
      {"all is well", members[0], generation, std::nullopt, "g", KafkaError::kNone},
      {"no group id", members[0], generation, std::nullopt, "", KafkaError::kInvalidGroupId},
      {"unknown group", members[0], generation, std::nullopt, "h", KafkaError::kUnknownMemberId},
      {"unknown member", "x", generation, std::nullopt, "g", KafkaError::kUnknownMemberId},
      {"unknown instance", members[0], generation, "i", "g", KafkaError::kUnknownMemberId},
      {"old generation", members[0], generation - 1, std::nullopt, "g",
       KafkaError::kIllegalGeneration},
      {"generation -1", members[0], -1, std::nullopt, "g", KafkaError::kIllegalGeneration},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(world.heartbeat_error(
                  world.heartbeat(each.member, each.generation, each.instance, each.group)),
              each.error)
        << each.what;
  }
}

TEST(Heartbeat, TellsMembersToRejoinDuringARebalance) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  world.join({.member = members[0]});

  EXPECT_EQ(world.heartbeat_error(world.heartbeat(members[1], world.group()->generation())),
            KafkaError::kRebalanceInProgress);
}

TEST(Heartbeat, IsTakenWhileTheAssignmentIsAwaited) {
  GroupWorld world;
  const std::string a = world.new_member_id({});
  world.join({.member = a});

  EXPECT_EQ(world.heartbeat_error(world.heartbeat(a, 1)), KafkaError::kNone);
}

TEST(Heartbeat, KeepsTheSessionAlive) {
  GroupWorld world;
  const auto members = world.make_stable(1);
  for (int i = 0; i < 20; ++i) {
    world.advance(Millis{9'999});
    EXPECT_EQ(world.heartbeat_error(world.heartbeat(members[0], 1)), KafkaError::kNone);
  }
}

TEST(Heartbeat, AlsoCountsWhenTheMemberMustRejoin) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  world.join({.member = members[0]});
  for (int i = 0; i < 5; ++i) {
    world.advance(Millis{9'000});
    world.heartbeat(members[1], world.group()->generation());
  }
  EXPECT_TRUE(world.group()->members().contains(members[1]));
}

TEST(Session, EndsWithoutAHeartbeat) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  const std::int32_t generation = world.group()->generation();
  world.advance(Millis{9'000});
  world.heartbeat(members[0], generation);

  world.advance(Millis{1'001});

  EXPECT_FALSE(world.group()->members().contains(members[1]));
  EXPECT_TRUE(world.group()->is_in(GroupState::kPreparingRebalance));
  EXPECT_EQ(world.heartbeat_error(world.heartbeat(members[1], generation)),
            KafkaError::kUnknownMemberId);
}

TEST(Session, OfTheLastMemberEmptiesTheGroupAndSaysSoInTheLog) {
  GroupWorld world;
  world.make_stable(1);

  world.advance(Millis{10'001});

  EXPECT_TRUE(world.group()->is_in(GroupState::kEmpty));
  EXPECT_EQ(world.group()->generation(), 2);
  EXPECT_EQ(picture_of(world.replayed()->state()), picture_of(world.state()));
}

TEST(Session, LetsTheRebalanceFinishWhenTheMissingMemberDies) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  const auto leader = world.join({.member = members[0]});

  world.advance(Millis{10'001});

  EXPECT_EQ(world.joined(leader).members.size(), 1U);
}

TEST(Session, DoesNotEndWhileTheMemberWaitsForUs) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  const auto leader = world.join({.member = members[0]});
  for (int i = 0; i < 4; ++i) {
    world.advance(Millis{9'000});
    world.heartbeat(members[1], world.group()->generation());
  }
  EXPECT_FALSE(world.is_answered(leader));

  world.join({.member = members[1]});

  EXPECT_EQ(world.joined(leader).error_code, 0);
  // From its answer on it must be heard again.
  world.advance(Millis{10'001});
  EXPECT_TRUE(world.group()->members().empty());
}

TEST(Session, IsProlongedByACommit) {
  GroupWorld world;
  const auto members = world.make_stable(1);
  for (int i = 0; i < 5; ++i) {
    world.advance(Millis{9'000});
    EXPECT_EQ(world.commit_error(world.commit({.member = members[0], .generation = 1})),
              KafkaError::kNone);
  }
}

}  // namespace
}  // namespace millrace::broker
