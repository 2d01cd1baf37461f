#include <gtest/gtest.h>

#include "broker/groups/group_world.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

KafkaError error_of(const wire::JoinGroupResponse& response) {
  return static_cast<KafkaError>(response.error_code);
}

/// A stable group of the static members "one", which leads, and "two".
struct StablePair {
  StablePair() {
    one = world.joined(world.join({.instance = "one"})).member_id;
    const auto join_two = world.join({.instance = "two"});
    world.join({.member = one, .instance = "one"});
    two = world.joined(join_two).member_id;
    generation = world.group()->generation();
    world.sync({.member = two, .generation = generation, .instance = "two"});
    world.sync({.member = one,
                .generation = generation,
                .assignments = {{one, "part one"}, {two, "part two"}},
                .instance = "one"});
  }
  GroupWorld world;
  std::string one;
  std::string two;
  std::int32_t generation = 0;
};

TEST(StaticMember, NeedsNoSecondRequestForItsId) {
  GroupWorld world;
  const auto& response = world.joined(world.join({.instance = "one"}));
  EXPECT_EQ(error_of(response), KafkaError::kNone);
  EXPECT_EQ(response.member_id.substr(0, 4), "one-");
  EXPECT_EQ(response.members.at(0).group_instance_id, "one");
}

TEST(StaticMember, ComesBackToAStableGroupWithoutARebalance) {
  StablePair pair;

  const auto& back = pair.world.joined(pair.world.join({.instance = "two"}));

  EXPECT_EQ(error_of(back), KafkaError::kNone);
  EXPECT_EQ(back.generation_id, pair.generation);
  EXPECT_NE(back.member_id, pair.two);
  EXPECT_EQ(back.leader, pair.one);
  EXPECT_TRUE(pair.world.group()->is_in(GroupState::kStable));
  const auto part =
      pair.world.sync({.member = back.member_id, .generation = pair.generation, .instance = "two"});
  EXPECT_EQ(pair.world.synced(part).assignment, "part two");
  EXPECT_EQ(picture_of(pair.world.replayed()->state()), picture_of(pair.world.state()));
}

TEST(StaticMember, ThatLeadsIsToldToSkipTheAssignmentFromVersion9On) {
  StablePair pair;

  const auto& back = pair.world.joined(pair.world.join({.instance = "one"}));

  EXPECT_TRUE(back.skip_assignment);
  EXPECT_EQ(back.leader, back.member_id);
  EXPECT_EQ(back.members.size(), 2U);
}

TEST(StaticMember, ThatLedIsNotToldSoInOlderVersions) {
  StablePair pair;

  const auto& back = pair.world.joined(pair.world.join({.instance = "one", .version = 8}));

  EXPECT_FALSE(back.skip_assignment);
  EXPECT_EQ(back.leader, pair.one);
  EXPECT_TRUE(back.members.empty());
}

TEST(StaticMember, FencesWhoeverUsesTheOldId) {
  StablePair pair;
  pair.world.join({.instance = "two"});

  EXPECT_EQ(pair.world.heartbeat_error(pair.world.heartbeat(pair.two, pair.generation, "two")),
            KafkaError::kFencedInstanceId);
  EXPECT_EQ(pair.world.commit_error(pair.world.commit(
                {.member = pair.two, .generation = pair.generation, .instance = "two"})),
            KafkaError::kFencedInstanceId);
  EXPECT_EQ(error_of(pair.world.joined(pair.world.join({.member = pair.two, .instance = "two"}))),
            KafkaError::kFencedInstanceId);
  const auto sync =
      pair.world.sync({.member = pair.two, .generation = pair.generation, .instance = "two"});
  EXPECT_EQ(pair.world.synced(sync).error_code, code_of(KafkaError::kFencedInstanceId));
  // Without its name the old id is simply unknown.
  EXPECT_EQ(pair.world.commit_error(
                pair.world.commit({.member = pair.two, .generation = pair.generation})),
            KafkaError::kUnknownMemberId);
}

TEST(StaticMember, FencesTheOldOneThatStillWaits) {
  StablePair pair;
  const auto waiting = pair.world.join({.member = pair.one, .instance = "one"});
  EXPECT_FALSE(pair.world.is_answered(waiting));

  pair.world.join({.instance = "one"});

  EXPECT_EQ(error_of(pair.world.joined(waiting)), KafkaError::kFencedInstanceId);
}

TEST(StaticMember, RebalancesWhenItsProtocolsChangeTheVote) {
  GroupWorld world;
  const std::string one =
      world.joined(world.join({.instance = "one", .protocols = {{"range", ""}, {"sticky", ""}}}))
          .member_id;
  world.sync({.member = one, .generation = 1, .instance = "one"});

  const auto& back =
      world.joined(world.join({.instance = "one", .protocols = {{"sticky", ""}, {"range", ""}}}));

  EXPECT_EQ(back.generation_id, 2);
  EXPECT_EQ(back.protocol_name, "sticky");
}

TEST(StaticMember, RebalancesWhenItComesBackBeforeTheAssignment) {
  GroupWorld world;
  const std::string one = world.joined(world.join({.instance = "one"})).member_id;

  const auto& back = world.joined(world.join({.instance = "one"}));

  EXPECT_EQ(back.generation_id, 2);
  EXPECT_NE(back.member_id, one);
}

TEST(StaticMember, KeepsItsPlaceThroughARebalanceItMisses) {
  StablePair pair;
  const auto leader = pair.world.join({.member = pair.one, .instance = "one"});
  for (int i = 0; i < 7; ++i) {
    pair.world.advance(Millis{9'000});
    pair.world.heartbeat(pair.two, pair.generation, "two");
  }
  // Its rebalance time-out is over; only its session decides.
  EXPECT_TRUE(pair.world.is_answered(leader));
  EXPECT_EQ(pair.world.joined(leader).members.size(), 2U);
}

TEST(StaticMember, GetsItsOldIdBackWhenTheLogRefuses) {
  StablePair pair;
  pair.world.holds_appends = true;
  const auto token = pair.world.join({.instance = "two"});
  EXPECT_FALSE(pair.world.is_answered(token));

  pair.world.acknowledge(KafkaError::kNotEnoughReplicas);

  EXPECT_EQ(error_of(pair.world.joined(token)), KafkaError::kCoordinatorNotAvailable);
  EXPECT_EQ(pair.world.heartbeat_error(pair.world.heartbeat(pair.two, pair.generation, "two")),
            KafkaError::kNone);
}

TEST(StaticMember, ThatComesBackTwiceIsAnsweredTwice) {
  StablePair pair;
  pair.world.holds_appends = true;
  const auto first = pair.world.join({.instance = "two"});
  const auto second = pair.world.join({.instance = "two"});
  pair.world.acknowledge_all();

  EXPECT_EQ(error_of(pair.world.joined(first)), KafkaError::kFencedInstanceId);
  EXPECT_EQ(error_of(pair.world.joined(second)), KafkaError::kNone);
  EXPECT_EQ(*pair.world.group()->static_member_id("two"), pair.world.joined(second).member_id);
}

TEST(StaticMember, IsRemovedWhenItsSessionEnds) {
  StablePair pair;
  pair.world.advance(Millis{9'000});
  pair.world.heartbeat(pair.one, pair.generation, "one");
  pair.world.advance(Millis{1'001});

  EXPECT_EQ(pair.world.group()->static_member_id("two"), nullptr);
  EXPECT_TRUE(pair.world.group()->is_in(GroupState::kPreparingRebalance));
}

TEST(StaticMember, IsUnknownUnderANameNobodyHas) {
  StablePair pair;
  EXPECT_EQ(error_of(pair.world.joined(pair.world.join({.member = pair.one, .instance = "three"}))),
            KafkaError::kUnknownMemberId);
}

}  // namespace
}  // namespace millrace::broker
