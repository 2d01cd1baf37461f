#include "broker/topics/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace millrace::broker {
namespace {

using ::testing::ElementsAre;

const BrokerId k1{1};
const BrokerId k2{2};
const BrokerId k3{3};
const BrokerId k4{4};
const Running kAll{k1, k2, k3};

NodeList nodes_in(const std::vector<std::string>& racks) {
  NodeList nodes;
  std::int32_t id = 0;
  for (const auto& rack : racks) nodes.push_back({.id = BrokerId{++id}, .rack = rack});
  return nodes;
}

TEST(Placement, LeadersAreDealtRound) {
  std::map<BrokerId, int> leads;
  for (const Placement& placement : place_round(nodes_in({"a", "b", "c"}), 9, 2, 1)) {
    ++leads[placement.leadership.leader];
    EXPECT_EQ(placement.replicas.size(), 2U);
    EXPECT_EQ(placement.in_sync, placement.replicas);
    EXPECT_EQ(placement.leadership.leader, placement.replicas.front());
    EXPECT_EQ(placement.leadership.epoch, LeaderEpoch{0});
  }
  EXPECT_EQ(leads, (std::map<BrokerId, int>{{k1, 3}, {k2, 3}, {k3, 3}}));
}

TEST(Placement, OnePartitionAfterAnotherBeginsElsewhere) {
  const auto nodes = nodes_in({"a", "b", "c"});
  std::set<BrokerId> leaders;
  for (const std::size_t start : {0U, 1U, 2U})
    leaders.insert(place_round(nodes, 1, 1, start).front().leadership.leader);
  EXPECT_EQ(leaders.size(), 3U);
}

TEST(Placement, ReplicasLieInDifferentRacks) {
  const auto nodes = nodes_in({"a", "a", "b", "b"});
  for (const Placement& placement : place_round(nodes, 8, 2, 0)) {
    const auto rack = [&](BrokerId id) { return find_node(nodes, id)->rack; };
    EXPECT_NE(rack(placement.replicas[0]), rack(placement.replicas[1]));
  }
}

TEST(Placement, ALeaderThatStopsIsFollowedByOneInSync) {
  const auto placed = place_on({k1, k2, k3}, kAll);
  const auto after = without_node(placed, k1, {k2, k3});
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->leadership, (Leadership{k2, LeaderEpoch{1}}));
  EXPECT_THAT(after->in_sync, ElementsAre(k2, k3));
  EXPECT_THAT(after->replicas, ElementsAre(k1, k2, k3));
  EXPECT_EQ(after->version, 1);
}

TEST(Placement, AFollowerThatStopsLeavesLeaderAndEpoch) {
  const auto after = without_node(place_on({k1, k2, k3}, kAll), k3, {k1, k2});
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->leadership, (Leadership{k1, LeaderEpoch{0}}));
  EXPECT_THAT(after->in_sync, ElementsAre(k1, k2));
  EXPECT_EQ(without_node(place_on({k1, k2}, kAll), k3, {k1, k2}), std::nullopt);
}

TEST(Placement, TheLastInSyncStaysSoAndNobodyLeadsUntilItIsBack) {
  const auto stopped = without_node(place_on({k1}, kAll), k1, {k2, k3});
  ASSERT_TRUE(stopped.has_value());
  EXPECT_EQ(stopped->leadership, (Leadership{kNoLeader, LeaderEpoch{1}}));
  EXPECT_THAT(stopped->in_sync, ElementsAre(k1));

  const auto back = with_node(*stopped, k1, kAll);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->leadership, (Leadership{k1, LeaderEpoch{2}}));
}

TEST(Placement, WhoWasNotInSyncDoesNotLeadByComingBack) {
  // Both stop, the leader last: the other one comes back first.
  auto placement = place_on({k1, k2}, kAll);
  placement = *without_node(placement, k2, {k1, k3});
  placement = *without_node(placement, k1, {k3});
  EXPECT_THAT(placement.in_sync, ElementsAre(k1));
  EXPECT_EQ(with_node(placement, k2, {k2, k3}), std::nullopt);

  const auto both = with_node(placement, k1, kAll);
  EXPECT_EQ(both->leadership.leader, k1);
  EXPECT_THAT(both->in_sync, ElementsAre(k1, k2));
}

TEST(Placement, WhoComesBackIsInSyncAndDoesNotTakeTheLead) {
  const auto stopped = *without_node(place_on({k1, k2}, kAll), k1, {k2, k3});
  const auto back = with_node(stopped, k1, kAll);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->leadership, (Leadership{k2, LeaderEpoch{1}}));
  EXPECT_THAT(back->in_sync, ElementsAre(k1, k2));
  EXPECT_EQ(back->version, 2);
}

TEST(Placement, ReplicasOfNodesThatAreNoMoreAreGivenToOthers) {
  const auto kept = settled_on(place_on({k3, k1}, kAll), {k1, k2});
  ASSERT_TRUE(kept.has_value());
  EXPECT_THAT(kept->replicas, ElementsAre(k1));
  EXPECT_EQ(kept->leadership, (Leadership{k1, LeaderEpoch{1}}));

  const auto moved = settled_on(place_on({k4}, {k4}), {k1, k2});
  ASSERT_TRUE(moved.has_value());
  EXPECT_EQ(moved->replicas.size(), 1U);
  EXPECT_NE(moved->leadership.leader, k4);

  EXPECT_EQ(settled_on(place_on({k1, k2}, kAll), kAll), std::nullopt);
}

TEST(Placement, AtTheStartAllRunAndAreInSync) {
  const auto stopped = *without_node(place_on({k1}, kAll), k1, {k2, k3});
  const auto started = settled_on(stopped, kAll);
  ASSERT_TRUE(started.has_value());
  EXPECT_EQ(started->leadership, (Leadership{k1, LeaderEpoch{2}}));
}

}  // namespace
}  // namespace millrace::broker
