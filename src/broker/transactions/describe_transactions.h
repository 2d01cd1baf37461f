// DescribeTransactions and ListTransactions: what the coordinator knows, for people who run Kafka.
#pragma once

#include "broker/transactions/transaction_turn.h"

namespace millrace::broker {

void describe_transactions(TransactionTurn& turn, RequestToken token,
                           const wire::DescribeTransactionsRequest& request);
void list_transactions(TransactionTurn& turn, RequestToken token,
                       const wire::ListTransactionsRequest& request);

}  // namespace millrace::broker
