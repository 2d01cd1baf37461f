// The gates of the APIs by which topics and the cluster are seen and changed.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "broker/access/gates.h"
#include "wire/error_codes.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/create_partitions.h"
#include "wire/messages/create_topics.h"
#include "wire/messages/delete_records.h"
#include "wire/messages/delete_topics.h"
#include "wire/messages/describe_cluster.h"
#include "wire/messages/metadata.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using enum Operation;
using enum ResourceType;

constexpr std::int16_t kTopicDenied = code_of(KafkaError::kTopicAuthorizationFailed);
constexpr std::string_view kWhy = "not authorized";

/// A refused topic is shown as the request named it, so that nobody learns whether it exists.
wire::MetadataResponse::MetadataResponseTopic refuse(
    const wire::MetadataRequest::MetadataRequestTopic& topic) {
  wire::MetadataResponse::MetadataResponseTopic answer;
  answer.error_code = kTopicDenied;
  answer.topic_id = topic.topic_id;
  answer.name = topic.topic_id.is_zero() ? topic.name : std::nullopt;
  return answer;
}

/// Whether a topic may be described and, where it would be made, be made.
bool may_have(const Permit& permit, const wire::MetadataRequest& request,
              const wire::MetadataRequest::MetadataRequestTopic& wanted) {
  if (!wanted.topic_id.is_zero()) {
    const auto name = permit.topic_name(wanted.topic_id);
    return !name.has_value() || permit.may(kDescribe, kTopic, *name);
  }
  const std::string name = wanted.name.value_or("");
  if (!permit.may(kDescribe, kTopic, name)) return false;
  if (!request.allow_auto_topic_creation || permit.topic_exists(name)) return true;
  return permit.may(kCreate) || permit.may(kCreate, kTopic, name);
}

void show_allowed_only(wire::MetadataResponse& response, const Permit& permit) {
  response.cluster_authorized_operations =
      permit.may(kDescribe)
          ? permit.allowed_of(response.cluster_authorized_operations, kCluster, kClusterName)
          : std::min(response.cluster_authorized_operations, 0);
  for (auto& topic : response.topics) {
    topic.topic_authorized_operations =
        permit.allowed_of(topic.topic_authorized_operations, kTopic, topic.name.value_or(""));
  }
}

}  // namespace

Verdict<wire::ApiVersionsResponse> gate(wire::ApiVersionsRequest&, const Permit&) {
  return {};  // asked before anybody has said who he is
}

Verdict<wire::MetadataResponse> gate(wire::MetadataRequest& request, const Permit& permit) {
  using Answer = wire::MetadataResponse::MetadataResponseTopic;
  const bool wants_all =
      !request.topics.has_value() || (permit.api_version() == 0 && request.topics->empty());
  if (wants_all) {
    return {.amend = [permit](wire::MetadataResponse& response) {
      std::erase_if(response.topics, [&](const Answer& topic) {
        return !permit.may(kDescribe, kTopic, topic.name.value_or(""));
      });
      show_allowed_only(response, permit);
    }};
  }
  std::vector<Answer> answers;
  for (const auto& topic : take_refused(
           *request.topics, [&](const auto& wanted) { return may_have(permit, request, wanted); }))
    answers.push_back(refuse(topic));
  // Before version 1 an empty list would mean all.
  if (permit.api_version() == 0 && request.topics->empty()) {
    return {.amend = [answers](wire::MetadataResponse& response) { response.topics = answers; }};
  }
  return {.amend = [permit, answers](wire::MetadataResponse& response) {
    show_allowed_only(response, permit);
    response.topics.insert(response.topics.end(), answers.begin(), answers.end());
  }};
}

Verdict<wire::CreateTopicsResponse> gate(wire::CreateTopicsRequest& request, const Permit& permit) {
  using Answer = wire::CreateTopicsResponse::CreatableTopicResult;
  const bool may_make_all = permit.may(kCreate);
  std::vector<Answer> answers;
  for (const auto& topic : take_refused(request.topics, [&](const auto& wanted) {
         return may_make_all || permit.may(kCreate, kTopic, wanted.name);
       })) {
    auto& answer = answers.emplace_back();
    answer.name = topic.name;
    answer.error_code = kTopicDenied;
    answer.error_message = std::string(kWhy);
  }
  return {.amend = [permit, answers](wire::CreateTopicsResponse& response) {
    for (Answer& topic : response.topics) {
      if (topic.error_code != 0 || permit.may(kDescribeConfigs, kTopic, topic.name)) continue;
      topic.topic_config_error_code = kTopicDenied;
      topic.num_partitions = -1;
      topic.replication_factor = -1;
      topic.configs.emplace();
    }
    response.topics.insert(response.topics.end(), answers.begin(), answers.end());
  }};
}

Verdict<wire::CreatePartitionsResponse> gate(wire::CreatePartitionsRequest& request,
                                             const Permit& permit) {
  std::vector<wire::CreatePartitionsResponse::CreatePartitionsTopicResult> answers;
  for (auto& topic : take_refused(request.topics, [&](const auto& wanted) {
         return permit.may(kAlter, kTopic, wanted.name);
       }))
    answers.push_back({std::move(topic.name), kTopicDenied, std::nullopt});
  return answered_besides(&wire::CreatePartitionsResponse::results, std::move(answers));
}

Verdict<wire::DeleteTopicsResponse> gate(wire::DeleteTopicsRequest& request, const Permit& permit) {
  if (permit.may(kDelete)) return {};
  std::vector<wire::DeleteTopicsResponse::DeletableTopicResult> answers;
  const auto may_delete = [&](std::string_view name) { return permit.may(kDelete, kTopic, name); };
  for (auto& name : take_refused(request.topic_names, may_delete)) {
    auto& answer = answers.emplace_back();
    answer.name = std::move(name);
    answer.error_code = kTopicDenied;
    answer.error_message = std::string(kWhy);
  }
  for (const auto& topic : take_refused(request.topics, [&](const auto& wanted) {
         if (wanted.topic_id.is_zero()) return may_delete(wanted.name.value_or(""));
         const auto name = permit.topic_name(wanted.topic_id);
         return !name.has_value() || may_delete(*name);
       })) {
    auto& answer = answers.emplace_back();
    answer.error_code = kTopicDenied;
    answer.error_message = std::string(kWhy);
    answer.topic_id = topic.topic_id;
    // The name behind an id is told to whom may know it.
    auto name = topic.topic_id.is_zero() ? topic.name : permit.topic_name(topic.topic_id);
    const bool may_know = topic.topic_id.is_zero() || permit.may(kDescribe, kTopic, *name);
    answer.name = may_know ? std::move(name) : std::nullopt;
  }
  return answered_besides(&wire::DeleteTopicsResponse::responses, std::move(answers));
}

Verdict<wire::DeleteRecordsResponse> gate(wire::DeleteRecordsRequest& request,
                                          const Permit& permit) {
  std::vector<wire::DeleteRecordsResponse::DeleteRecordsTopicResult> answers;
  for (auto& topic : take_refused(request.topics, [&](const auto& wanted) {
         return permit.may(kDelete, kTopic, wanted.name);
       })) {
    auto& answer = answers.emplace_back();
    answer.name = std::move(topic.name);
    for (const auto& partition : topic.partitions)
      answer.partitions.push_back({partition.partition_index, -1, kTopicDenied});
  }
  return answered_besides(&wire::DeleteRecordsResponse::topics, std::move(answers));
}

Verdict<wire::DescribeClusterResponse> gate(wire::DescribeClusterRequest&, const Permit& permit) {
  return {.amend = [permit](wire::DescribeClusterResponse& response) {
    auto& operations = response.cluster_authorized_operations;
    operations = permit.may(kDescribe) ? permit.allowed_of(operations, kCluster, kClusterName)
                                       : std::min(operations, 0);
  }};
}

}  // namespace millrace::broker
