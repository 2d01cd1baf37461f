// What the transaction coordinator wants done after an input: answers to give, records to append,
// markers to write.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "broker/coordination/coordinator_types.h"
#include "broker/coordination/log_append.h"
#include "model/ids.h"
#include "model/topic_partition.h"
#include "wire/error_codes.h"
#include "wire/messages/add_offsets_to_txn.h"
#include "wire/messages/add_partitions_to_txn.h"
#include "wire/messages/describe_transactions.h"
#include "wire/messages/end_txn.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/list_transactions.h"
#include "wire/transaction_marker.h"

namespace millrace::broker {

/// Whether a missing partition is added to the transaction, or only looked for.
enum class Enlisting : std::uint8_t { kVerify, kAdd };

/// A broker asks, before it writes for a producer, whether the partitions are in its transaction.
struct EnlistRequest {
  std::string transactional_id;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  std::vector<TopicPartition> partitions;
  Enlisting what = Enlisting::kVerify;
};

struct EnlistResponse {
  std::vector<wire::KafkaError> errors;  // of each partition, in the order of the request
};

using TransactionResponse =
    std::variant<wire::InitProducerIdResponse, wire::AddPartitionsToTxnResponse,
                 wire::AddOffsetsToTxnResponse, wire::EndTxnResponse,
                 wire::DescribeTransactionsResponse, wire::ListTransactionsResponse,
                 EnlistResponse>;

/// The one answer to the request of that token.
struct TransactionReply {
  RequestToken token;
  TransactionResponse response;
};

using wire::TransactionResult;

/// Markers that end a transaction, one for each partition. When they are written, or could not be,
/// TransactionCoordinator::markers_written wants to hear of it.
struct TransactionMarkers {
  std::string transactional_id;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  TransactionResult result = TransactionResult::kAbort;
  /// What the client of the transaction speaks.
  std::int16_t transaction_version = 0;
  std::vector<TopicPartition> partitions;
};

struct TransactionEffects {
  std::vector<TransactionReply> replies;
  std::vector<LogAppend> appends;
  std::vector<TransactionMarkers> markers;
};

}  // namespace millrace::broker
