// DescribeTransactions and ListTransactions: what the coordinator knows, for people who run Kafka.
#pragma once

#include <optional>

#include "broker/transactions/transaction_turn.h"
#include "model/topic_pattern.h"

namespace millrace::broker {

/// Answers at once, with what the log has: a change that is on its way does not show yet.
/// errors  for each id: INVALID_REQUEST (empty), TRANSACTIONAL_ID_NOT_FOUND
void describe_transactions(TransactionTurn& turn, RequestToken token,
                           const wire::DescribeTransactionsRequest& request);
/// The same for all ids that pass the filters.   errors  none
/// ids  the request's pattern of ids; nothing when it has none
void list_transactions(TransactionTurn& turn, RequestToken token,
                       const wire::ListTransactionsRequest& request,
                       const std::optional<TopicPattern>& ids);

}  // namespace millrace::broker
