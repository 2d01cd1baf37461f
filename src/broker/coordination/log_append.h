// LogAppend: what a coordinator wants written to its log.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "broker/coordination/coordinator_types.h"
#include "broker/topics/marker_source.h"
#include "model/ids.h"
#include "storage/verification_guard.h"
#include "wire/transaction_marker.h"

namespace millrace::broker {

/// One record; without a value it is a tombstone.
struct LogRecord {
  std::string key;
  std::optional<std::string> value;
};

/// The transaction that records belong to, as their batch will say.
struct TransactionalProducer {
  ProducerId id;
  ProducerEpoch epoch;
  /// What the log wants to see when the batch opens the transaction in its partition.
  storage::VerificationGuard guard = storage::VerificationGuard::kNone;

  bool operator==(const TransactionalProducer&) const = default;
};

/// The end of a transaction in one partition.
struct LogMarker {
  PartitionId partition;
  wire::TransactionMarker marker;
  wire::TransactionVersion version = wire::TransactionVersion::k0;
  MarkerSource source = MarkerSource::kRequest;
};

/// Records of one group or transactional id, to be appended as one batch to its partition. The
/// shell answers with the coordinator's appended(), once, in the order in which the appends of one
/// owner came out.
struct LogAppend {
  AppendId id;
  /// The group or transactional id: its hash says which partition.
  std::string owner;
  Timestamp timestamp;
  std::vector<LogRecord> records;
  /// Nothing when the coordinator itself writes.
  std::optional<TransactionalProducer> producer = {};
  /// To be written in place of records, and behind all that was to be written before.
  std::optional<LogMarker> marker = {};
};

}  // namespace millrace::broker
