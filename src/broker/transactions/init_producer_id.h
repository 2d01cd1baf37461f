// InitProducerId for a transactional id.
#pragma once

#include "broker/transactions/transaction_turn.h"

namespace millrace::broker {

/// Gives the producer its id and epoch, and fences those that had the transactional id before; ends
/// their transaction first.
void init_producer_id(TransactionTurn& turn, RequestToken token,
                      const wire::InitProducerIdRequest& request);

}  // namespace millrace::broker
