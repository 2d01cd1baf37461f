// TransactionMetadata: what is known of a transactional id, and its form in `__transaction_state`.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "broker/coordination/log_append.h"
#include "model/ids.h"
#include "model/topic_partition.h"
#include "wire/transaction_records.h"

namespace millrace::broker {

using wire::TransactionState;

/// Client versions of this and later give each transaction an epoch of its own (KIP-890).
inline constexpr std::int16_t kEpochPerTransaction = 2;

struct TransactionMetadata {
  ProducerId producer_id = kNoProducerId;
  /// The one before, when the epochs of it ran out; the one that follows when this transaction
  /// ends.
  ProducerId previous_producer_id = kNoProducerId;
  ProducerId next_producer_id = kNoProducerId;
  ProducerEpoch producer_epoch = kNoProducerEpoch;
  /// The epoch before the last bump that the producer itself asked for, so that its retry is known;
  /// none after anybody else's bump. Not in the log: after a restart such a retry is fenced.
  ProducerEpoch last_producer_epoch = kNoProducerEpoch;
  Millis timeout{0};
  TransactionState state = TransactionState::kEmpty;
  std::set<TopicPartition> partitions;
  Timestamp start = kNoTimestamp;
  Timestamp last_update = kNoTimestamp;
  /// What the client of the current, or last, transaction speaks.
  std::int16_t client_version = 0;

  bool gives_epoch_per_transaction() const { return client_version >= kEpochPerTransaction; }
  /// Whether it has been decided how the transaction ends, and its partitions may not know yet.
  bool is_prepared() const {
    return state == TransactionState::kPrepareCommit || state == TransactionState::kPrepareAbort;
  }

  bool operator==(const TransactionMetadata&) const = default;
};

/// The epoch that comes `count` later; stops at the last one, under which no producer comes.
ProducerEpoch epoch_after(ProducerEpoch epoch, std::int16_t count = 1);

/// Whether no further producer may come under this id: the last epoch is kept for fencing.
bool is_exhausted(ProducerEpoch epoch);

/// Kafka's name of a state, as DescribeTransactions and ListTransactions have it.
std::string_view name_of(TransactionState state);

/// A record of `__transaction_state`.
/// errors  kTooLarge (an id of more than 32767 bytes)
Result<LogRecord> transaction_record(const std::string& transactional_id,
                                     const TransactionMetadata& metadata);
Result<LogRecord> transaction_tombstone(const std::string& transactional_id);

struct LoggedTransaction {
  std::string transactional_id;
  std::optional<TransactionMetadata> metadata;  // nothing: forgotten
};
/// errors  kTruncated, kCorrupt, kUnsupported
Result<LoggedTransaction> read_transaction_record(std::string_view key,
                                                  std::optional<std::string_view> value);

}  // namespace millrace::broker
