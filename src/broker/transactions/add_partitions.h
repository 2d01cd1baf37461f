// AddPartitionsToTxn, AddOffsetsToTxn, and what a broker asks before it writes: which partitions
// are in a transaction.
#pragma once

#include "broker/transactions/transaction_turn.h"

namespace millrace::broker {

/// Answers when the partitions are in the log, or at once when they are in the transaction already
/// or are only looked for.
/// api_version  up to 3 a producer asks for its own transaction, later a broker asks for several
/// errors  for each partition: INVALID_REQUEST (no transactional id), INVALID_PRODUCER_ID_MAPPING,
///         PRODUCER_FENCED, CONCURRENT_TRANSACTIONS (markers of the one before cannot be written);
///         TRANSACTION_ABORTABLE for one that was looked for and is not in; what the log refuses
///         with, and then none was added
void add_partitions(TransactionTurn& turn, RequestToken token,
                    const wire::AddPartitionsToTxnRequest& request, std::int16_t api_version);

/// The same for the partition that keeps a group's offsets.
/// offsets  the partition of `__consumer_offsets` that keeps the group's
void add_offsets(TransactionTurn& turn, RequestToken token,
                 const wire::AddOffsetsToTxnRequest& request, const TopicPartition& offsets,
                 std::int16_t api_version);

/// The same for a broker that is about to write for the producer.
void enlist(TransactionTurn& turn, RequestToken token, const EnlistRequest& request);

}  // namespace millrace::broker
