// The gates of the APIs that end and show transactions where the records are.
#include <string>
#include <utility>
#include <vector>

#include "broker/access/gates.h"
#include "wire/error_codes.h"
#include "wire/messages/describe_producers.h"
#include "wire/messages/write_txn_markers.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using enum Operation;
using enum ResourceType;

wire::DescribeProducersResponse::TopicResponse refuse(
    const wire::DescribeProducersRequest::TopicRequest& topic) {
  wire::DescribeProducersResponse::TopicResponse answer;
  answer.name = topic.name;
  for (const std::int32_t index : topic.partition_indexes) {
    auto& partition = answer.partitions.emplace_back();
    partition.partition_index = index;
    partition.error_code = code_of(KafkaError::kTopicAuthorizationFailed);
  }
  return answer;
}

wire::WriteTxnMarkersResponse::WritableTxnMarkerResult refuse(
    const wire::WriteTxnMarkersRequest::WritableTxnMarker& marker) {
  wire::WriteTxnMarkersResponse::WritableTxnMarkerResult answer;
  answer.producer_id = marker.producer_id;
  for (const auto& topic : marker.topics) {
    auto& refused = answer.topics.emplace_back();
    refused.name = topic.name;
    for (const std::int32_t index : topic.partition_indexes) {
      refused.partitions.push_back({index, code_of(KafkaError::kClusterAuthorizationFailed)});
    }
  }
  return answer;
}

}  // namespace

/// For brokers among themselves; since KIP-664 also for who may alter the cluster.
Verdict<wire::WriteTxnMarkersResponse> gate(wire::WriteTxnMarkersRequest& request,
                                            const Permit& permit) {
  if (permit.may(kAlter) || permit.may(kClusterAction)) return {};
  Verdict<wire::WriteTxnMarkersResponse> verdict;
  auto& refusal = verdict.refusal.emplace();
  for (const auto& marker : request.markers) refusal.markers.push_back(refuse(marker));
  return verdict;
}

Verdict<wire::DescribeProducersResponse> gate(wire::DescribeProducersRequest& request,
                                              const Permit& permit) {
  std::vector<wire::DescribeProducersResponse::TopicResponse> refused;
  for (const auto& topic : take_refused(request.topics, [&](const auto& wanted) {
         return permit.may(kRead, kTopic, wanted.name);
       }))
    refused.push_back(refuse(topic));
  return answered_besides(&wire::DescribeProducersResponse::topics, std::move(refused));
}

}  // namespace millrace::broker
