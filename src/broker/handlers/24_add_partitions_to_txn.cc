// AddPartitionsToTxn, versions 0–5.
//   A client may add what exists and is no internal topic; when one partition may not be added,
//   none is: the others are OPERATION_NOT_ATTEMPTED.
// Version notes: up to v3 a producer asks for its own transaction; from v4 on a broker asks, for
// several, and may only verify (KIP-890). v2 knows PRODUCER_FENCED.
#include <cstddef>
#include <utility>
#include <vector>

#include "broker/handlers/replies.h"
#include "broker/topics/topic_catalogue.h"
#include "broker/transactions/transaction_handlers.h"
#include "broker/transactions/transaction_service.h"
#include "wire/messages/add_partitions_to_txn.h"

namespace millrace::broker {

namespace {

using wire::AddPartitionsToTxnRequest;
using wire::AddPartitionsToTxnResponse;
using wire::KafkaError;
using Topics = std::vector<AddPartitionsToTxnRequest::AddPartitionsToTxnTopic>;
using TopicResults = std::vector<AddPartitionsToTxnResponse::AddPartitionsToTxnTopicResult>;

constexpr std::int16_t kAskedByBrokersSince = 4;

KafkaError fault_of(const TopicTable& table, const std::string& topic, std::int32_t partition) {
  if (is_internal_topic(topic)) return KafkaError::kTopicAuthorizationFailed;
  if (table.find_partition(topic, partition) == nullptr)
    return KafkaError::kUnknownTopicOrPartition;
  return KafkaError::kNone;
}

/// The answer for all of them when one may not be added; empty when all may.
TopicResults faults_of(const TopicTable& table, const Topics& topics) {
  TopicResults results;
  bool has_fault = false;
  for (const auto& topic : topics) {
    auto& answer = results.emplace_back();
    answer.name = topic.name;
    for (const std::int32_t partition : topic.partitions) {
      const KafkaError fault = fault_of(table, topic.name, partition);
      has_fault = has_fault || fault != KafkaError::kNone;
      answer.results_by_partition.push_back(
          {partition,
           code_of(fault == KafkaError::kNone ? KafkaError::kOperationNotAttempted : fault)});
    }
  }
  return has_fault ? results : TopicResults{};
}

void add_own(AddPartitionsToTxnRequest request, std::int16_t api_version, BrokerState& state,
             Responder<AddPartitionsToTxnResponse> reply) {
  auto faults = faults_of(*state.topics.table(), request.v3_and_below_topics);
  if (!faults.empty()) {
    AddPartitionsToTxnResponse response;
    response.results_by_topic_v3_and_below = std::move(faults);
    return reply.send(std::move(response));
  }
  state.transactions->add_partitions(std::move(request), api_version, std::move(reply));
}

void add_many(AddPartitionsToTxnRequest request, std::int16_t api_version, BrokerState& state,
              Responder<AddPartitionsToTxnResponse> reply) {
  const auto topics = state.topics.table();
  std::vector<AddPartitionsToTxnResponse::AddPartitionsToTxnResult> refused;
  std::vector<AddPartitionsToTxnRequest::AddPartitionsToTxnTransaction> asked;
  for (auto& transaction : request.transactions) {
    auto faults = faults_of(*topics, transaction.topics);
    if (faults.empty())
      asked.push_back(std::move(transaction));
    else
      refused.push_back({std::move(transaction.transactional_id), std::move(faults)});
  }
  request.transactions = std::move(asked);
  auto merged = with_changed_response<AddPartitionsToTxnResponse>(
      std::move(reply), [refused = std::move(refused)](AddPartitionsToTxnResponse response) {
        auto& results = response.results_by_transaction;
        results.insert(results.end(), refused.begin(), refused.end());
        return response;
      });
  state.transactions->add_partitions(std::move(request), api_version, std::move(merged));
}

}  // namespace

void handle_add_partitions_to_txn(AddPartitionsToTxnRequest request, RequestContext context,
                                  BrokerState& state, Responder<AddPartitionsToTxnResponse> reply) {
  const std::int16_t version = context.api_version;
  if (version < kAskedByBrokersSince)
    add_own(std::move(request), version, state, std::move(reply));
  else
    add_many(std::move(request), version, state, std::move(reply));
}

}  // namespace millrace::broker
