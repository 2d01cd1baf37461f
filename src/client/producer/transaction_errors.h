// What an error means for a transaction, by the step that it came at. Pure.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "client/transaction_status.h"

namespace millrace::client {

/// What was asked when the error came; finding the coordinator for it belongs to the step.
enum class TransactionStep : std::uint8_t {
  kInitProducerId,
  kAddPartitions,
  kProduce,  // after the batch has been given up
  kAddOffsets,
  kCommitOffsets,
  kEnd,
};

/// kRetriable, kAbortable or kFatal, as Kafka's own client takes them. The table of wire says what
/// is retriable and abortable by itself; here is what depends on the step.
TransactionErrorKind transaction_error_kind(TransactionStep step, const Error& error);

/// Whether the coordinator knows the producer no more, so that it would not take an EndTxn from it:
/// only a new producer id helps.
bool has_lost_producer_id(const Error& error);

}  // namespace millrace::client
