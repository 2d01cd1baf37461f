// AddOffsetsToTxn, versions 0–4.
//   The partition of __consumer_offsets that keeps the group's offsets takes part in the
//   transaction, so that the offsets of TxnOffsetCommit count or not as its records do.
// Version notes: v2 knows PRODUCER_FENCED, which was INVALID_PRODUCER_EPOCH before.
#include <string>
#include <utility>

#include "broker/groups/group_service.h"
#include "broker/handlers/replies.h"
#include "broker/topics/topic_table.h"
#include "broker/transactions/transaction_handlers.h"
#include "broker/transactions/transaction_service.h"
#include "wire/messages/add_offsets_to_txn.h"

namespace millrace::broker {

void handle_add_offsets_to_txn(wire::AddOffsetsToTxnRequest request, RequestContext context,
                               BrokerState& state, Responder<wire::AddOffsetsToTxnResponse> reply) {
  const auto partition = state.groups->partition_of_group(request.group_id);
  if (!partition.ok()) {
    wire::AddOffsetsToTxnResponse response;
    response.error_code = code_of(wire::KafkaError::kCoordinatorNotAvailable);
    return reply.send(std::move(response));
  }
  state.transactions->add_offsets(std::move(request), {std::string(kOffsetsTopic), *partition},
                                  context.api_version, std::move(reply));
}

}  // namespace millrace::broker
