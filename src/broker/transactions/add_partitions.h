// AddPartitionsToTxn, AddOffsetsToTxn, and what a broker asks before it writes: which partitions
// are in a transaction.
#pragma once

#include "broker/transactions/transaction_turn.h"

namespace millrace::broker {

/// api_version  up to 3 a producer asks for its own transaction, later a broker asks for several
void add_partitions(TransactionTurn& turn, RequestToken token,
                    const wire::AddPartitionsToTxnRequest& request, std::int16_t api_version);

/// offsets  the partition of `__consumer_offsets` that keeps the group's
void add_offsets(TransactionTurn& turn, RequestToken token,
                 const wire::AddOffsetsToTxnRequest& request, const TopicPartition& offsets,
                 std::int16_t api_version);

void enlist(TransactionTurn& turn, RequestToken token, const EnlistRequest& request);

}  // namespace millrace::broker
