// How a transaction ends: by its producer, by its time-out, or because another producer comes.
#pragma once

#include "broker/transactions/transaction_turn.h"

namespace millrace::broker {

void end_transaction(TransactionTurn& turn, RequestToken token, const wire::EndTxnRequest& request,
                     std::int16_t api_version);

/// Aborts an open transaction under an epoch that nobody gets, so that its producer is fenced.
/// transaction  settled and open
void fence_and_abort(TransactionTurn& turn, Transaction& transaction);

/// The transaction has been open for as long as its producer said it may be.
void transaction_time_over(TransactionTurn& turn, const std::string& transactional_id);

/// Asks for the markers that are still to be written.
void send_markers(TransactionTurn& turn, Transaction& transaction);

/// The markers were written, but for those of `failed`.
void markers_written(TransactionTurn& turn, const TransactionMarkers& markers,
                     std::set<TopicPartition> failed);

}  // namespace millrace::broker
