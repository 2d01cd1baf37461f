// The gates of the APIs that read and write records: each topic is refused by itself.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "broker/access/gates.h"
#include "wire/batch_header.h"
#include "wire/error_codes.h"
#include "wire/messages/fetch.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/offset_for_leader_epoch.h"
#include "wire/messages/produce.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using enum Operation;
using enum ResourceType;

constexpr std::int16_t kFirstProduceById = 13;
constexpr std::int16_t kRecordsByIdSince = 13;

/// A topic that the request names by its id alone. One that nobody knows is the handler's to
/// refuse.
bool may_by_id(const Permit& permit, Operation operation, const Uuid& id) {
  const auto name = permit.topic_name(id);
  return !name.has_value() || permit.may(operation, kTopic, *name);
}

/// What is no batch is the handler's to refuse.
bool has_transactional_batch(const wire::ProduceRequest& request) {
  const auto is_transactional = [](const auto& partition) {
    const auto header = wire::read_batch_header(partition.records.bytes);
    return header.ok() && header->is_transactional();
  };
  return std::any_of(request.topic_data.begin(), request.topic_data.end(), [&](const auto& topic) {
    const auto& partitions = topic.partition_data;
    return std::any_of(partitions.begin(), partitions.end(), is_transactional);
  });
}

std::vector<wire::ProduceResponse::TopicProduceResponse> refuse(
    const std::vector<wire::ProduceRequest::TopicProduceData>& topics, KafkaError error) {
  std::vector<wire::ProduceResponse::TopicProduceResponse> answers;
  for (const auto& topic : topics) {
    auto& answer = answers.emplace_back();
    answer.name = topic.name;
    answer.topic_id = topic.topic_id;
    for (const auto& partition : topic.partition_data) {
      auto& refused = answer.partition_responses.emplace_back();
      refused.index = partition.index;
      refused.error_code = code_of(error);
      refused.base_offset = -1;
    }
  }
  return answers;
}

wire::FetchResponse::FetchableTopicResponse refuse(const wire::FetchRequest::FetchTopic& topic) {
  wire::FetchResponse::FetchableTopicResponse answer;
  answer.topic = topic.topic;
  answer.topic_id = topic.topic_id;
  for (const auto& partition : topic.partitions) {
    auto& refused = answer.partitions.emplace_back();
    refused.partition_index = partition.partition;
    refused.error_code = code_of(KafkaError::kTopicAuthorizationFailed);
    refused.high_watermark = -1;
  }
  return answer;
}

wire::ListOffsetsResponse::ListOffsetsTopicResponse refuse(
    const wire::ListOffsetsRequest::ListOffsetsTopic& topic) {
  wire::ListOffsetsResponse::ListOffsetsTopicResponse answer;
  answer.name = topic.name;
  for (const auto& partition : topic.partitions) {
    auto& refused = answer.partitions.emplace_back();
    refused.partition_index = partition.partition_index;
    refused.error_code = code_of(KafkaError::kTopicAuthorizationFailed);
  }
  return answer;
}

wire::OffsetForLeaderEpochResponse::OffsetForLeaderTopicResult refuse(
    const wire::OffsetForLeaderEpochRequest::OffsetForLeaderTopic& topic) {
  wire::OffsetForLeaderEpochResponse::OffsetForLeaderTopicResult answer;
  answer.topic = topic.topic;
  for (const auto& partition : topic.partitions) {
    auto& refused = answer.partitions.emplace_back();
    refused.partition = partition.partition;
    refused.error_code = code_of(KafkaError::kTopicAuthorizationFailed);
  }
  return answer;
}

/// Refuses one topic after another, when its request and its answer have no more to them.
template <class Answer, class Topics>
std::vector<Answer> refuse_each(const Topics& topics) {
  std::vector<Answer> answers;
  for (const auto& topic : topics) answers.push_back(refuse(topic));
  return answers;
}

}  // namespace

/// Batches of a transaction need a right to the transactional id, which they must then come with.
/// An id alone asks for nothing.
Verdict<wire::ProduceResponse> gate(wire::ProduceRequest& request, const Permit& permit) {
  using Response = wire::ProduceResponse;
  const auto& transaction = request.transactional_id;
  if (has_transactional_batch(request) &&
      !(transaction.has_value() && permit.may(kWrite, kTransactionalId, *transaction))) {
    const auto all = std::exchange(request.topic_data, {});
    return answered_besides(&Response::responses,
                            refuse(all, KafkaError::kTransactionalIdAuthorizationFailed));
  }
  const bool by_id = permit.api_version() >= kFirstProduceById;
  const auto refused = take_refused(request.topic_data, [&](const auto& topic) {
    return by_id ? may_by_id(permit, kWrite, topic.topic_id)
                 : permit.may(kWrite, kTopic, topic.name);
  });
  return answered_besides(&Response::responses,
                          refuse(refused, KafkaError::kTopicAuthorizationFailed));
}

Verdict<wire::FetchResponse> gate(wire::FetchRequest& request, const Permit& permit) {
  const bool by_id = permit.api_version() >= kRecordsByIdSince;
  const auto refused = take_refused(request.topics, [&](const auto& topic) {
    return by_id ? may_by_id(permit, kRead, topic.topic_id)
                 : permit.may(kRead, kTopic, topic.topic);
  });
  return answered_besides(&wire::FetchResponse::responses,
                          refuse_each<wire::FetchResponse::FetchableTopicResponse>(refused));
}

Verdict<wire::ListOffsetsResponse> gate(wire::ListOffsetsRequest& request, const Permit& permit) {
  using Answer = wire::ListOffsetsResponse::ListOffsetsTopicResponse;
  const auto refused = take_refused(
      request.topics, [&](const auto& topic) { return permit.may(kDescribe, kTopic, topic.name); });
  return answered_besides(&wire::ListOffsetsResponse::topics, refuse_each<Answer>(refused));
}

Verdict<wire::OffsetForLeaderEpochResponse> gate(wire::OffsetForLeaderEpochRequest& request,
                                                 const Permit& permit) {
  using Answer = wire::OffsetForLeaderEpochResponse::OffsetForLeaderTopicResult;
  const auto refused = take_refused(request.topics, [&](const auto& topic) {
    return permit.may(kDescribe, kTopic, topic.topic);
  });
  return answered_besides(&wire::OffsetForLeaderEpochResponse::topics,
                          refuse_each<Answer>(refused));
}

}  // namespace millrace::broker
