#include "broker/handlers/replies.h"

#include <algorithm>

namespace millrace::broker {

namespace {

using wire::KafkaError;

KafkaError compare_epochs(LeaderEpoch ours, std::int32_t current_leader_epoch) {
  if (current_leader_epoch == kNoLeaderEpoch.value()) return KafkaError::kNone;
  if (current_leader_epoch < ours.value()) return KafkaError::kFencedLeaderEpoch;
  if (current_leader_epoch > ours.value()) return KafkaError::kUnknownLeaderEpoch;
  return KafkaError::kNone;
}

}  // namespace

std::vector<std::int32_t> numbers_of(const std::vector<BrokerId>& nodes) {
  std::vector<std::int32_t> numbers;
  numbers.reserve(nodes.size());
  for (const BrokerId node : nodes) numbers.push_back(node.value());
  return numbers;
}

std::vector<std::int32_t> offline_replicas(const Placement& placement, const NodeList& nodes) {
  std::vector<std::int32_t> offline;
  for (const BrokerId replica : placement.replicas) {
    const Node* const node = find_node(nodes, replica);
    if (node == nullptr || !node->is_running) offline.push_back(replica.value());
  }
  return offline;
}

KafkaError check_leads(const Partition& partition, BrokerId node,
                       std::int32_t current_leader_epoch) {
  const Leadership leadership = partition.leadership();
  const KafkaError epoch_error = compare_epochs(leadership.epoch, current_leader_epoch);
  if (leadership.leader == node) return epoch_error;
  // As in Kafka a replica compares epochs before it says that it does not lead.
  if (epoch_error != KafkaError::kNone && partition.placement().has_replica_on(node))
    return epoch_error;
  return KafkaError::kNotLeaderOrFollower;
}

KafkaError check_may_read(const Partition& partition, BrokerId node,
                          std::int32_t current_leader_epoch) {
  const Leadership leadership = partition.leadership();
  if (leadership.leader != node && !partition.placement().has_replica_on(node))
    return KafkaError::kNotLeaderOrFollower;
  return compare_epochs(leadership.epoch, std::max(current_leader_epoch, kNoLeaderEpoch.value()));
}

}  // namespace millrace::broker
