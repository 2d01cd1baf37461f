// The gates of the APIs of transactions.
#include <string>
#include <utility>
#include <vector>

#include "broker/access/gates.h"
#include "wire/error_codes.h"
#include "wire/messages/add_offsets_to_txn.h"
#include "wire/messages/add_partitions_to_txn.h"
#include "wire/messages/describe_transactions.h"
#include "wire/messages/end_txn.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/list_transactions.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using enum Operation;
using enum ResourceType;
using AddRequest = wire::AddPartitionsToTxnRequest;
using AddResponse = wire::AddPartitionsToTxnResponse;
using AddedTopics = std::vector<AddRequest::AddPartitionsToTxnTopic>;

constexpr std::int16_t kFirstAddByBrokers = 4;

template <class Response>
Verdict<Response> refuse_with(std::int16_t error) {
  Verdict<Response> verdict;
  verdict.refusal.emplace().error_code = error;
  return verdict;
}

/// error_of  topic name → the error of its partitions
template <class ErrorOf>
Verdict<AddResponse> refuse_each(const AddedTopics& topics, const ErrorOf& error_of) {
  Verdict<AddResponse> verdict;
  auto& refusal = verdict.refusal.emplace();
  for (const auto& topic : topics) {
    auto& answer = refusal.results_by_topic_v3_and_below.emplace_back();
    answer.name = topic.name;
    for (const std::int32_t partition : topic.partitions)
      answer.results_by_partition.push_back({partition, error_of(topic.name)});
  }
  return verdict;
}

}  // namespace

/// Whoever may write to any topic may do so idempotently.   source  KIP-679
Verdict<wire::InitProducerIdResponse> gate(wire::InitProducerIdRequest& request,
                                           const Permit& permit) {
  const auto refuse = [](std::int16_t error) {
    auto verdict = refuse_with<wire::InitProducerIdResponse>(error);
    verdict.refusal->producer_epoch = -1;
    return verdict;
  };
  if (request.transactional_id.has_value()) {
    if (permit.may(kWrite, kTransactionalId, *request.transactional_id)) return {};
    return refuse(permit.refusal(kTransactionalId));
  }
  if (permit.may(kIdempotentWrite) || permit.may_some(kWrite, kTopic)) return {};
  return refuse(code_of(KafkaError::kClusterAuthorizationFailed));
}

/// Nothing is added when one topic is refused; the others are told that nobody tried.
Verdict<AddResponse> gate(AddRequest& request, const Permit& permit) {
  if (permit.api_version() >= kFirstAddByBrokers) {
    if (permit.may(kClusterAction)) return {};
    return refuse_with<AddResponse>(code_of(KafkaError::kClusterAuthorizationFailed));
  }
  const AddedTopics& topics = request.v3_and_below_topics;
  if (!permit.may(kWrite, kTransactionalId, request.v3_and_below_transactional_id))
    return refuse_each(topics,
                       [&](const std::string&) { return permit.refusal(kTransactionalId); });
  const auto may = [&](const std::string& topic) { return permit.may(kWrite, kTopic, topic); };
  const bool may_all =
      std::all_of(topics.begin(), topics.end(), [&](const auto& topic) { return may(topic.name); });
  if (may_all) return {};
  return refuse_each(topics, [&](const std::string& topic) {
    return code_of(may(topic) ? KafkaError::kOperationNotAttempted
                              : KafkaError::kTopicAuthorizationFailed);
  });
}

Verdict<wire::AddOffsetsToTxnResponse> gate(wire::AddOffsetsToTxnRequest& request,
                                            const Permit& permit) {
  using Response = wire::AddOffsetsToTxnResponse;
  if (!permit.may(kWrite, kTransactionalId, request.transactional_id))
    return refuse_with<Response>(permit.refusal(kTransactionalId));
  if (permit.may(kRead, kGroup, request.group_id)) return {};
  return refuse_with<Response>(code_of(KafkaError::kGroupAuthorizationFailed));
}

Verdict<wire::EndTxnResponse> gate(wire::EndTxnRequest& request, const Permit& permit) {
  if (permit.may(kWrite, kTransactionalId, request.transactional_id)) return {};
  return refuse_with<wire::EndTxnResponse>(permit.refusal(kTransactionalId));
}

/// Topics that the caller may not describe are left out of what is said of a transaction.
Verdict<wire::DescribeTransactionsResponse> gate(wire::DescribeTransactionsRequest& request,
                                                 const Permit& permit) {
  using Response = wire::DescribeTransactionsResponse;
  std::vector<Response::TransactionState> refused;
  for (auto& id : take_refused(request.transactional_ids, [&](const std::string& wanted) {
         return permit.may(kDescribe, kTransactionalId, wanted);
       })) {
    auto& answer = refused.emplace_back();
    answer.error_code = permit.refusal(kTransactionalId);
    answer.transactional_id = std::move(id);
  }
  return {.amend = [permit, refused](Response& response) {
    for (auto& state : response.transaction_states) {
      std::erase_if(state.topics,
                    [&](const auto& topic) { return !permit.may(kDescribe, kTopic, topic.topic); });
    }
    response.transaction_states.insert(response.transaction_states.end(), refused.begin(),
                                       refused.end());
  }};
}

Verdict<wire::ListTransactionsResponse> gate(wire::ListTransactionsRequest&, const Permit& permit) {
  return {.amend = [permit](wire::ListTransactionsResponse& response) {
    std::erase_if(response.transaction_states, [&](const auto& state) {
      return !permit.may(kDescribe, kTransactionalId, state.transactional_id);
    });
  }};
}

}  // namespace millrace::broker
