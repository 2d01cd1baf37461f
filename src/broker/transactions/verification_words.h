// What the transaction's coordinator said of a partition, in the words of the API whose request
// asked for it: Produce and TxnOffsetCommit.
#pragma once

#include <cstdint>

#include "wire/error_codes.h"

namespace millrace::broker {

/// The versions from which the broker adds partitions to transactions (KIP-890, transaction.version
/// 2); before it only looks for them.
inline constexpr std::int16_t kProduceAddsSince = 12;
inline constexpr std::int16_t kTxnOffsetCommitAddsSince = 5;

/// source  Kafka's AddPartitionsToTxnManager and ReplicaManager
wire::KafkaError in_words_of_produce(wire::KafkaError error, std::int16_t api_version);
/// source  Kafka's AddPartitionsToTxnManager and CoordinatorPartitionWriter
wire::KafkaError in_words_of_txn_offset_commit(wire::KafkaError error, std::int16_t api_version);

}  // namespace millrace::broker
