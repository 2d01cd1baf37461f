#include "broker/handlers/replies.h"

namespace millrace::broker {

wire::KafkaError check_leader_epoch(const Partition& partition, std::int32_t current_leader_epoch) {
  if (current_leader_epoch < 0) return wire::KafkaError::kNone;
  const std::int32_t ours = partition.leader_epoch().value();
  if (current_leader_epoch < ours) return wire::KafkaError::kFencedLeaderEpoch;
  if (current_leader_epoch > ours) return wire::KafkaError::kUnknownLeaderEpoch;
  return wire::KafkaError::kNone;
}

wire::KafkaError check_stated_epoch(const Partition& partition, std::int32_t current_leader_epoch) {
  if (current_leader_epoch < kNoLeaderEpoch.value()) return wire::KafkaError::kFencedLeaderEpoch;
  return check_leader_epoch(partition, current_leader_epoch);
}

}  // namespace millrace::broker
