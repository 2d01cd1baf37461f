#include <gtest/gtest.h>

#include "broker/groups/group_world.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

TEST(LeaveGroup, RebalancesThoseWhoStay) {
  GroupWorld world;
  const auto members = world.make_stable(2);

  world.leave({{.member = members[0]}});

  EXPECT_TRUE(world.group()->is_in(GroupState::kPreparingRebalance));
  const auto token = world.join({.member = members[1]});
  EXPECT_EQ(world.joined(token).leader, members[1]);
}

TEST(LeaveGroup, AnswersForEachMemberOfABatch) {
  GroupWorld world;
  const std::string b = world.joined(world.join({.instance = "b"})).member_id;
  const std::string pending = world.new_member_id({});
  const auto token = world.leave({{.member = "x"},
                                  {.member = "", .instance = "b"},
                                  {.member = "", .instance = "c"},
                                  {.member = ""},
                                  {.member = pending}});

  const auto& members = world.answer<wire::LeaveGroupResponse>(token).members;
  ASSERT_EQ(members.size(), 5U);
  const auto error = [&](std::size_t i) { return static_cast<KafkaError>(members[i].error_code); };
  EXPECT_EQ(error(0), KafkaError::kUnknownMemberId);
  EXPECT_EQ(error(1), KafkaError::kNone);
  EXPECT_EQ(error(2), KafkaError::kUnknownMemberId);
  EXPECT_EQ(error(3), KafkaError::kUnknownMemberId);
  EXPECT_EQ(error(4), KafkaError::kNone);
  EXPECT_EQ(members[1].group_instance_id, "b");
  EXPECT_TRUE(world.group()->is_in(GroupState::kEmpty));
}

TEST(LeaveGroup, FencesAMemberWhoseInstanceIsAnother) {
  GroupWorld world;
  const std::string a = world.joined(world.join({.instance = "a"})).member_id;

  const auto token = world.leave({{.member = "old", .instance = "a"}});

  EXPECT_EQ(world.answer<wire::LeaveGroupResponse>(token).members[0].error_code,
            code_of(KafkaError::kFencedInstanceId));
  EXPECT_TRUE(world.group()->members().contains(a));
}

TEST(LeaveGroup, SaysTheErrorOfTheOneMemberInOldVersions) {
  GroupWorld world;
  const auto members = world.make_stable(1);
  const auto unknown = world.leave({{.member = "x"}}, 2);
  const auto known = world.leave({{.member = members[0]}}, 2);

  EXPECT_EQ(world.answer<wire::LeaveGroupResponse>(unknown).error_code,
            code_of(KafkaError::kUnknownMemberId));
  EXPECT_EQ(world.answer<wire::LeaveGroupResponse>(known).error_code, 0);
  EXPECT_TRUE(world.answer<wire::LeaveGroupResponse>(known).members.empty());
}

TEST(LeaveGroup, KnowsNobodyInAGroupThatIsNotThere) {
  GroupWorld world;
  const auto batch = world.leave({{.member = "x"}}, 5, "nobody");
  const auto nameless = world.leave({{.member = "x"}}, 5, "");

  EXPECT_EQ(world.answer<wire::LeaveGroupResponse>(batch).error_code, 0);
  EXPECT_EQ(world.answer<wire::LeaveGroupResponse>(batch).members[0].error_code,
            code_of(KafkaError::kUnknownMemberId));
  EXPECT_EQ(world.answer<wire::LeaveGroupResponse>(nameless).error_code,
            code_of(KafkaError::kInvalidGroupId));
}

TEST(LeaveGroup, AnswersTheJoinOfAMemberThatLeaves) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  const auto waiting = world.join({.member = members[0]});

  world.leave({{.member = members[0]}});

  EXPECT_EQ(world.joined(waiting).error_code, code_of(KafkaError::kUnknownMemberId));
}

TEST(LeaveGroup, OfTheLastMemberLeavesAnEmptyGroupWithItsOffsets) {
  GroupWorld world;
  const auto members = world.make_stable(1);
  world.commit({.member = members[0], .generation = 1, .offset = 42});

  world.leave({{.member = members[0]}});

  EXPECT_TRUE(world.group()->is_in(GroupState::kEmpty));
  EXPECT_EQ(world.committed("g"), 42);
}

}  // namespace
}  // namespace millrace::broker
