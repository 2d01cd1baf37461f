// InitProducerId, versions 0–5.
//   Without a transactional id every call hands out a new producer id with epoch 0; ids never
//   repeat, not even after a restart. With one, the transaction coordinator gives the next epoch
//   and fences who had the id before.
// Version notes: v3 carries the id and epoch to continue with (KIP-360), which without transactions
// a new id does as well; v4 knows PRODUCER_FENCED, which was INVALID_PRODUCER_EPOCH before.
#include <utility>

#include "broker/handlers/replies.h"
#include "broker/producer_ids.h"
#include "broker/transactions/older_words.h"
#include "broker/transactions/transaction_handlers.h"
#include "broker/transactions/transaction_service.h"
#include "wire/messages/init_producer_id.h"

namespace millrace::broker {

namespace {

using wire::InitProducerIdRequest;
using wire::InitProducerIdResponse;
using wire::KafkaError;

constexpr std::int16_t kInitKnowsFencedSince = 4;

InitProducerIdResponse refused(KafkaError error) {
  InitProducerIdResponse response;
  response.error_code = code_of(error);
  response.producer_epoch = -1;
  return response;
}

InitProducerIdResponse new_id(const InitProducerIdRequest& request, ProducerIds& producer_ids) {
  const bool has_id = request.producer_id >= 0;
  const bool has_epoch = request.producer_epoch >= 0;
  if (has_id != has_epoch) return refused(KafkaError::kInvalidRequest);
  producer_ids.refill();
  const auto id = producer_ids.next();
  if (!id.ok()) return refused(KafkaError::kCoordinatorNotAvailable);
  InitProducerIdResponse response;
  response.producer_id = id->value();
  response.producer_epoch = 0;
  return response;
}

}  // namespace

void handle_init_producer_id(InitProducerIdRequest request, RequestContext context,
                             BrokerState& state, Responder<InitProducerIdResponse> reply) {
  if (!request.transactional_id.has_value()) return reply.send(new_id(request, state.producer_ids));
  if (context.api_version < kInitKnowsFencedSince) {
    reply = with_changed_response<InitProducerIdResponse>(
        std::move(reply), [version = context.api_version](InitProducerIdResponse response) {
          response.error_code = code_of(in_older_words(static_cast<KafkaError>(response.error_code),
                                                       version, kInitKnowsFencedSince));
          return response;
        });
  }
  state.transactions->init_producer_id(std::move(request), std::move(reply));
}

}  // namespace millrace::broker
