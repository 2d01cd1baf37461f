// How a transaction ends: by its producer, by its time-out, or because another producer comes.
#pragma once

#include "broker/transactions/transaction_turn.h"

namespace millrace::broker {

/// Answers with the id and epoch that the producer goes on with when the markers are written, or
/// when one could not be: it is decided then, and goes on.
/// errors  INVALID_REQUEST (no transactional id), INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED,
///         CONCURRENT_TRANSACTIONS (markers of the one before cannot be written), INVALID_TXN_STATE
///         (nothing to end, or it ended the other way); what the log refuses with; for want of a
///         producer id COORDINATOR_NOT_AVAILABLE. The last two leave the transaction as it was.
void end_transaction(TransactionTurn& turn, RequestToken token, const wire::EndTxnRequest& request,
                     std::int16_t api_version);

/// Aborts an open transaction under an epoch that nobody gets, so that its producer is fenced.
/// transaction  settled and open
void fence_and_abort(TransactionTurn& turn, Transaction& transaction);

/// The transaction has been open for as long as its producer said it may be.
void transaction_time_over(TransactionTurn& turn, const std::string& transactional_id);

/// Asks for the markers of a transaction that has just been prepared, or was when the process died;
/// completes it where there are none to write.
void carry_out(TransactionTurn& turn, Transaction& transaction);

/// Asks for the markers that are still to be written: one at least.
void send_markers(TransactionTurn& turn, Transaction& transaction);

/// The markers were written, but for those of `failed`, which are asked for again after a while.
void markers_written(TransactionTurn& turn, const TransactionMarkers& markers,
                     std::set<TopicPartition> failed);

}  // namespace millrace::broker
