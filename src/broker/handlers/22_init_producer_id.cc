// InitProducerId, versions 0–5. Idempotent producers only.
//   Every call hands out a new id with epoch 0; ids never repeat, not even after a restart.
//   A transactional id is refused with UNSUPPORTED_VERSION, which clients treat as final: there is
//   no transaction coordinator here.
// Version notes: v3 carries the id and epoch to continue with (KIP-360); without transactions a new
// id does as well.
#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/producer_ids.h"
#include "wire/messages/init_producer_id.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;

constexpr std::int32_t kTransactionTimeoutMaxMs = 900'000;  // transaction.max.timeout.ms

KafkaError refusal(const wire::InitProducerIdRequest& request) {
  if (!request.transactional_id.has_value()) {
    const bool has_id = request.producer_id >= 0;
    const bool has_epoch = request.producer_epoch >= 0;
    return has_id == has_epoch ? KafkaError::kNone : KafkaError::kInvalidRequest;
  }
  if (request.transactional_id->empty()) return KafkaError::kInvalidRequest;
  const std::int32_t timeout_ms = request.transaction_timeout_ms;
  if (timeout_ms <= 0 || timeout_ms > kTransactionTimeoutMaxMs)
    return KafkaError::kInvalidTransactionTimeout;
  return KafkaError::kUnsupportedVersion;
}

}  // namespace

wire::InitProducerIdResponse handle_init_producer_id(wire::InitProducerIdRequest request,
                                                     const RequestContext&, BrokerState& state) {
  wire::InitProducerIdResponse response;
  response.producer_epoch = -1;
  response.error_code = code_of(refusal(request));
  if (response.error_code != 0) return response;

  const auto id = state.producer_ids.next();
  if (!id.ok()) {
    response.error_code = code_of(KafkaError::kCoordinatorNotAvailable);
    return response;
  }
  response.producer_id = id->value();
  response.producer_epoch = 0;
  return response;
}

}  // namespace millrace::broker
