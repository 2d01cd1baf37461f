// ListTransactions, versions 0–1: all transactional ids, or those in some states, of some producer
// ids, or with a transaction that began long ago.
// Version notes: v1 filters by age. v2 filters by a pattern of the id and is not served.
#include <utility>

#include "broker/transactions/transaction_handlers.h"
#include "broker/transactions/transaction_service.h"
#include "wire/messages/list_transactions.h"

namespace millrace::broker {

void handle_list_transactions(wire::ListTransactionsRequest request, RequestContext,
                              BrokerState& state, Responder<wire::ListTransactionsResponse> reply) {
  state.transactions->list(std::move(request), std::move(reply));
}

}  // namespace millrace::broker
