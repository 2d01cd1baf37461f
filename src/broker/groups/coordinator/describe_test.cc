#include <gtest/gtest.h>

#include "broker/groups/group_world.h"

namespace millrace::broker {
namespace {

using Described = wire::DescribeGroupsResponse::DescribedGroup;

Described describe(GroupWorld& world, const std::string& group, std::int16_t version = 6) {
  return world.answer<wire::DescribeGroupsResponse>(world.describe(group, version)).groups.at(0);
}

std::vector<std::string> listed(GroupWorld& world, std::vector<std::string> states,
                                std::vector<std::string> types = {}) {
  wire::ListGroupsRequest request;
  request.states_filter = std::move(states);
  request.types_filter = std::move(types);
  std::vector<std::string> ids;
  for (const auto& group : world.answer<wire::ListGroupsResponse>(world.list(request)).groups) {
    ids.push_back(group.group_id);
  }
  return ids;
}

TEST(DescribeGroups, ShowsAStableGroupWithWhatItsMembersSaidAndGot) {
  GroupWorld world;
  const auto members = world.make_stable(1);

  const Described group = describe(world, "g");

  EXPECT_EQ(group.error_code, 0);
  EXPECT_EQ(group.group_state, "Stable");
  EXPECT_EQ(group.protocol_type, "consumer");
  EXPECT_EQ(group.protocol_data, "range");
  ASSERT_EQ(group.members.size(), 1U);
  EXPECT_EQ(group.members[0].member_id, members[0]);
  EXPECT_EQ(group.members[0].client_id, "c");
  EXPECT_EQ(group.members[0].client_host, "/10.0.0.1");
  EXPECT_EQ(group.members[0].member_metadata, "sub");
  EXPECT_EQ(group.members[0].member_assignment, "part of " + members[0]);
}

TEST(DescribeGroups, HidesSubscriptionsWhileTheGroupChanges) {
  GroupWorld world;
  const auto members = world.make_stable(2);
  world.join({.member = members[0]});

  const Described group = describe(world, "g");

  EXPECT_EQ(group.group_state, "PreparingRebalance");
  EXPECT_EQ(group.protocol_data, "");
  EXPECT_EQ(group.members.at(0).member_metadata, "");
}

TEST(DescribeGroups, CallsAnUnknownGroupDeadOrNotFound) {
  GroupWorld world;
  const Described old_answer = describe(world, "nobody", 5);
  const Described new_answer = describe(world, "nobody", 6);

  EXPECT_EQ(old_answer.error_code, 0);
  EXPECT_EQ(old_answer.group_state, "Dead");
  EXPECT_EQ(old_answer.error_message, std::nullopt);
  EXPECT_EQ(new_answer.error_code, code_of(wire::KafkaError::kGroupIdNotFound));
  EXPECT_EQ(new_answer.group_state, "Dead");
  EXPECT_EQ(new_answer.error_message, "Group nobody not found.");
}

TEST(ListGroups, FiltersByStateAndType) {
  GroupWorld world;
  world.commit({.group = "simple"});
  world.make_stable(1);
  using Ids = std::vector<std::string>;

  EXPECT_EQ(listed(world, {}), (Ids{"g", "simple"}));
  EXPECT_EQ(listed(world, {"Stable"}), Ids{"g"});
  EXPECT_EQ(listed(world, {"stable", "EMPTY"}), (Ids{"g", "simple"}));
  EXPECT_EQ(listed(world, {"Nonsense"}), Ids{});
  EXPECT_EQ(listed(world, {}, {"Classic"}), (Ids{"g", "simple"}));
  EXPECT_EQ(listed(world, {}, {"consumer"}), Ids{});
}

TEST(ListGroups, SaysStateAndTypeOnlyWhereTheVersionCanCarryThem) {
  GroupWorld world;
  world.make_stable(1);
  for (std::int16_t version = 0; version <= 5; ++version) {
    const auto& group =
        world.answer<wire::ListGroupsResponse>(world.list({}, version)).groups.at(0);
    EXPECT_EQ(group.group_state, version >= 4 ? "Stable" : "") << version;
    EXPECT_EQ(group.group_type, version >= 5 ? "classic" : "") << version;
  }
}

}  // namespace
}  // namespace millrace::broker
