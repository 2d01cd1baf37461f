// Which replica readers are sent to.   source  KIP-392, RackAwareReplicaSelector of Kafka 4.4
#include "broker/fetching/replica_selection.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace::broker {
namespace {

NodeList four_nodes() {
  return {{.id = BrokerId{1}, .rack = "a"},
          {.id = BrokerId{2}, .rack = "b"},
          {.id = BrokerId{3}, .rack = "b"},
          {.id = BrokerId{4}}};
}

/// Led by node 1.
Placement on_all(std::vector<BrokerId> in_sync) {
  return {.leadership = {BrokerId{1}, LeaderEpoch{0}},
          .replicas = {BrokerId{1}, BrokerId{2}, BrokerId{3}, BrokerId{4}},
          .in_sync = std::move(in_sync)};
}

TEST(ReplicaSelection, FindsTheReplicaInTheReadersRack) {
  struct Case {
    std::string what;
    std::string rack;
    std::vector<BrokerId> in_sync;
    std::optional<BrokerId> replica;
  };
  const BrokerId k1{1};
  const BrokerId k2{2};
  const BrokerId k3{3};
  const BrokerId k4{4};
  const std::vector<Case> cases{
      {"of two the higher id", "b", {k1, k2, k3, k4}, k3},
      {"whatever their order", "b", {k3, k2, k1, k4}, k3},
      {"only who is in sync", "b", {k1, k2}, k2},
      {"none of that rack in sync", "b", {k1, k4}, std::nullopt},
      {"the leader is there", "a", {k1, k2, k3, k4}, std::nullopt},
      {"a rack that nobody is in", "c", {k1, k2, k3, k4}, std::nullopt},
      {"no rack, like a node without one", "", {k1, k2, k3, k4}, std::nullopt},
  };
  for (const auto& each : cases)
    EXPECT_EQ(replica_in_rack(on_all(each.in_sync), four_nodes(), each.rack), each.replica)
        << each.what;
}

TEST(ReplicaSelection, PassesOverNodesThatAreNotThere) {
  NodeList nodes = four_nodes();
  nodes[2].is_running = false;
  EXPECT_EQ(replica_in_rack(on_all({BrokerId{2}, BrokerId{3}}), nodes, "b"), BrokerId{2});
  nodes.erase(nodes.begin() + 1);
  EXPECT_EQ(replica_in_rack(on_all({BrokerId{2}, BrokerId{3}}), nodes, "b"), std::nullopt);
}

}  // namespace
}  // namespace millrace::broker
