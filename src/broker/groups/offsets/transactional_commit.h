// TxnOffsetCommit, and the end of its transaction: offsets that count when a marker says so.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

/// request  existing topics, by name; their ids go into the response as they came
void commit_transactional_offsets(Turn& turn, RequestToken token,
                                  wire::TxnOffsetCommitRequest request,
                                  const TransactionalCommit& where);

/// The offsets are in the log, or are not.
void transactional_offsets_committed(Turn& turn, const std::string& group_id,
                                     TransactionalOffsetsCommitted committed,
                                     wire::KafkaError error);

/// Has the marker written behind all that is on its way to the log. Where the log and the memory
/// have the same order, no commit can be ended by a marker that lies before it, nor miss its own.
void end_transaction(Turn& turn, RequestToken token, const LogMarker& marker);

/// The marker is in the log, or is not.
void transaction_ended(Turn& turn, const TransactionEnded& ended, wire::KafkaError error);

/// The same at start, when the log is read.
void end_transaction(CoordinatorState& state, const TransactionPart& part,
                     wire::TransactionResult result);

/// An offset that counts already, or a tombstone, came into the log.
void apply_offset(CoordinatorState& state, const std::string& group_id, const OffsetChange& change);

/// The group's offsets that open transactions committed, those on their way to the log included.
std::set<OffsetKey> pending_offsets_of(const CoordinatorState& state, std::string_view group_id);

}  // namespace millrace::broker
