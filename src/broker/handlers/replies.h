// Small things that most handlers say.
#pragma once

#include <cstdint>

#include "broker/topics/partition.h"
#include "wire/error_codes.h"

namespace millrace::broker {

/// What a client's idea of the leader epoch says about it: NONE, FENCED_LEADER_EPOCH or
/// UNKNOWN_LEADER_EPOCH. -1 says the client has none.
wire::KafkaError check_leader_epoch(const Partition& partition, std::int32_t current_leader_epoch);

/// The same for requests in which only -1 says that: any other number below zero is an old epoch.
wire::KafkaError check_stated_epoch(const Partition& partition, std::int32_t current_leader_epoch);

/// Authorized operations as bit fields: all that Kafka knows for the kind of resource.
inline constexpr std::int32_t kAllTopicOperations = 0b1101'1111'1000;
inline constexpr std::int32_t kAllClusterOperations = 0b1'1111'1010'0000;
/// "Not asked for."
inline constexpr std::int32_t kOperationsNotAsked = INT32_MIN;

}  // namespace millrace::broker
