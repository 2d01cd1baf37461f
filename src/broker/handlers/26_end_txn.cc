// EndTxn, versions 0–5.
//   Commits or aborts the transaction of a producer; answered when its markers are written.
// Version notes: v2 knows PRODUCER_FENCED, which was INVALID_PRODUCER_EPOCH before; v5 answers with
// the id and epoch that the producer goes on with (KIP-890).
#include <utility>

#include "broker/transactions/transaction_handlers.h"
#include "broker/transactions/transaction_service.h"
#include "wire/messages/end_txn.h"

namespace millrace::broker {

void handle_end_txn(wire::EndTxnRequest request, RequestContext context, BrokerState& state,
                    Responder<wire::EndTxnResponse> reply) {
  state.transactions->end(std::move(request), context.api_version, std::move(reply));
}

}  // namespace millrace::broker
