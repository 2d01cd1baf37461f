#include "broker/transactions/transaction_handlers.h"

#include "broker/session/handler_table.h"
#include "wire/messages/add_offsets_to_txn.h"
#include "wire/messages/add_partitions_to_txn.h"
#include "wire/messages/describe_transactions.h"
#include "wire/messages/end_txn.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/list_transactions.h"

namespace millrace::broker {

void add_transaction_handlers(HandlerTable& table) {
  using enum Operation;
  using enum ResourceType;
  using enum HandlerTable::Coordinated;
  table.add(&handle_init_producer_id,
            {{kIdempotentWrite, kCluster}, {kWrite, kTopic}, {kWrite, kTransactionalId}},
            kTransactions);
  table.add(&handle_add_partitions_to_txn,
            {{kClusterAction, kCluster}, {kWrite, kTopic}, {kWrite, kTransactionalId}},
            kTransactions);
  table.add(&handle_add_offsets_to_txn, {{kRead, kGroup}, {kWrite, kTransactionalId}},
            kTransactions);
  table.add(&handle_end_txn, {{kWrite, kTransactionalId}}, kTransactions);
  table.add(&handle_describe_transactions, {{kDescribe, kTransactionalId}, {kDescribe, kTopic}},
            kTransactions);
  table.add(&handle_list_transactions, {{kDescribe, kTransactionalId}}, kTransactions);
}

}  // namespace millrace::broker
