// Small things that most handlers say.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "broker/nodes/nodes.h"
#include "broker/session/connection_state.h"
#include "broker/topics/partition.h"
#include "wire/error_codes.h"

namespace millrace::broker {

/// Whether `node` may answer for the partition as its leader: NONE, NOT_LEADER_OR_FOLLOWER, or, of
/// a replica whose client has another idea of the epoch, FENCED_LEADER_EPOCH or
/// UNKNOWN_LEADER_EPOCH. -1 says that the client has none; any other number below zero is an old
/// epoch.
wire::KafkaError check_leads(const Partition& partition, BrokerId node,
                             std::int32_t current_leader_epoch = -1);

/// The same for readers, whom any replica serves. Every number below zero says that the client has
/// no idea of the epoch.   source  KIP-392
wire::KafkaError check_may_read(const Partition& partition, BrokerId node,
                                std::int32_t current_leader_epoch);

/// Says in `endpoints` where the leaders are that an answer names, each once.    source  KIP-951
template <class NodeEndpoint>
void add_endpoint(std::vector<NodeEndpoint>& endpoints, BrokerId leader, const NodeList& nodes,
                  const ConnectionState& connection) {
  const Node* const node = find_node(nodes, leader);
  const bool is_there = std::any_of(endpoints.begin(), endpoints.end(), [&](const auto& each) {
    return each.node_id == leader.value();
  });
  if (node == nullptr || is_there) return;
  auto& endpoint = endpoints.emplace_back();
  auto [host, port] = address_of(*node, connection);
  endpoint.node_id = leader.value();
  endpoint.host = std::move(host);
  endpoint.port = port;
  if (!node->rack.empty()) endpoint.rack = node->rack;
}

/// Whether an error tells the client that it should have asked another node.
constexpr bool asks_for_the_leader(wire::KafkaError error) {
  return error == wire::KafkaError::kNotLeaderOrFollower ||
         error == wire::KafkaError::kFencedLeaderEpoch;
}

/// Nodes as the protocol has them.
std::vector<std::int32_t> numbers_of(const std::vector<BrokerId>& nodes);
/// The replicas of a partition whose node does not run.
std::vector<std::int32_t> offline_replicas(const Placement& placement, const NodeList& nodes);

/// Authorized operations as bit fields: all that Kafka knows for the kind of resource.
inline constexpr std::int32_t kAllTopicOperations = 0b1101'1111'1000;
inline constexpr std::int32_t kAllClusterOperations = 0b1'1111'1010'0000;
/// "Not asked for."
inline constexpr std::int32_t kOperationsNotAsked = INT32_MIN;

}  // namespace millrace::broker
