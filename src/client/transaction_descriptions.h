// What Admin is told of transactions: by their coordinators, which begin and end them, and by the
// partitions, which hold back readers of committed records until one is ended (KIP-664).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "model/topic_partition.h"

namespace millrace::client {

/// Which transactions to list: those that meet everything that is said here.
struct TransactionFilter {
  /// By Kafka's names: Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort,
  /// PrepareEpochFence, Dead. None: in any state.
  std::vector<std::string> states = {};
  std::vector<ProducerId> producer_ids = {};  // none: of any producer
  /// Only such as began longer ago; brokers count an ended one too, so say states with it.
  std::optional<Millis> longer_than = {};
};

struct TransactionListing {
  std::string transactional_id;
  BrokerId coordinator;
  ProducerId producer_id;
  std::string state;  // as in TransactionFilter
};

struct TransactionDescription {
  std::string transactional_id;
  BrokerId coordinator;
  std::string state;  // as in TransactionFilter
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  Millis timeout;                          // after which the coordinator aborts it
  std::optional<Timestamp> started;        // nothing while none runs
  std::vector<TopicPartition> partitions;  // in it, and without their marker yet
};

/// The coordinator of a transaction counts the leaderships of its partition of
/// __transaction_state, and marks by them what it has ended.
inline constexpr std::int32_t kNoCoordinatorEpoch = -1;

/// What a partition knows of one idempotent producer that wrote to it.
struct ProducerState {
  ProducerId id;
  ProducerEpoch epoch;
  std::int32_t last_sequence = -1;
  Timestamp last_timestamp;                              // of its last batch
  std::int32_t coordinator_epoch = kNoCoordinatorEpoch;  // of the last marker for it, if any
  std::optional<Offset> transaction_start = {};          // of the transaction open here
};

/// A transaction open in a partition, as its ProducerState tells of it.
struct OpenTransaction {
  TopicPartition partition;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  std::int32_t coordinator_epoch = kNoCoordinatorEpoch;
};

}  // namespace millrace::client
