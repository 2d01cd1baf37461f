// DescribeTransactions, version 0: one transactional id after another; those that are not known are
// TRANSACTIONAL_ID_NOT_FOUND.
#include <utility>

#include "broker/transactions/transaction_handlers.h"
#include "broker/transactions/transaction_service.h"
#include "wire/messages/describe_transactions.h"

namespace millrace::broker {

void handle_describe_transactions(wire::DescribeTransactionsRequest request, RequestContext,
                                  BrokerState& state,
                                  Responder<wire::DescribeTransactionsResponse> reply) {
  state.transactions->describe(std::move(request), std::move(reply));
}

}  // namespace millrace::broker
