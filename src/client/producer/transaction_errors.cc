#include "client/producer/transaction_errors.h"

#include "wire/error_codes.h"

namespace millrace::client {
namespace {

using enum TransactionErrorKind;
using wire::KafkaError;

// A batch that was given up is lost to its transaction, whatever the reason, but the next one may
// succeed unless the producer itself is not wanted.
TransactionErrorKind kind_of_failed_batch(const Error& error) {
  if (error.code == ErrorCode::kUnsupported) return kFatal;
  switch (wire::kafka_error_of(error)) {
    case KafkaError::kClusterAuthorizationFailed:
    case KafkaError::kTransactionalIdAuthorizationFailed:
    case KafkaError::kProducerFenced:
    case KafkaError::kUnsupportedVersion:
      return kFatal;
    default:
      return kAbortable;
  }
}

}  // namespace

TransactionErrorKind transaction_error_kind(TransactionStep step, const Error& error) {
  if (step == TransactionStep::kProduce) return kind_of_failed_batch(error);
  if (error.code != ErrorCode::kKafka) return error.is_retriable() ? kRetriable : kFatal;

  const wire::ErrorClass error_class = wire::error_class(error);
  if (wire::is_retriable(error_class)) return kRetriable;
  if (error_class == wire::ErrorClass::kAbortable) return kAbortable;
  const KafkaError code = wire::kafka_error_of(error);
  const bool is_first = step == TransactionStep::kInitProducerId;
  switch (code) {
    case KafkaError::kInvalidProducerEpoch:  // from an old coordinator, which means fenced
    case KafkaError::kProducerFenced:
    case KafkaError::kInvalidTxnState:
      return kFatal;
    case KafkaError::kTransactionalIdAuthorizationFailed:
      return is_first ? kAbortable : kFatal;
    case KafkaError::kClusterAuthorizationFailed:
      if (is_first) return kAbortable;
      break;
    case KafkaError::kUnknownProducerId:
    case KafkaError::kInvalidProducerIdMapping:
      return is_first || step == TransactionStep::kCommitOffsets ? kFatal : kAbortable;
    case KafkaError::kGroupAuthorizationFailed:
      if (step == TransactionStep::kAddOffsets) return kAbortable;
      [[fallthrough]];
    case KafkaError::kFencedInstanceId:
      if (step == TransactionStep::kCommitOffsets) return kAbortable;
      break;
    default:
      break;
  }
  if (step == TransactionStep::kCommitOffsets && wire::needs_rejoin(error_class)) return kAbortable;
  // Any other is about one of the partitions, not about the producer.
  return step == TransactionStep::kAddPartitions ? kAbortable : kFatal;
}

bool has_lost_producer_id(const Error& error) {
  if (error.code != ErrorCode::kKafka) return false;
  const KafkaError code = wire::kafka_error_of(error);
  return code == KafkaError::kInvalidProducerIdMapping || code == KafkaError::kUnknownProducerId;
}

}  // namespace millrace::client
