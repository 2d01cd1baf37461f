// The gates of the APIs by which configurations, quotas and features are seen and changed: a
// topic's and a group's asks for that topic or group, anything else for the cluster.
#include <string>
#include <utility>
#include <vector>

#include "broker/access/gates.h"
#include "broker/topics/config_resource.h"
#include "wire/error_codes.h"
#include "wire/messages/alter_client_quotas.h"
#include "wire/messages/alter_configs.h"
#include "wire/messages/describe_client_quotas.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/incremental_alter_configs.h"
#include "wire/messages/list_config_resources.h"
#include "wire/messages/update_features.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using enum Operation;
using enum ResourceType;

std::int16_t denied_configs(std::int8_t resource_type) {
  switch (static_cast<ConfigResourceType>(resource_type)) {
    case ConfigResourceType::kTopic:
      return code_of(KafkaError::kTopicAuthorizationFailed);
    case ConfigResourceType::kGroup:
      return code_of(KafkaError::kGroupAuthorizationFailed);
    default:
      return code_of(KafkaError::kClusterAuthorizationFailed);
  }
}

bool may_with_configs(const Permit& permit, Operation operation, std::int8_t resource_type,
                      const std::string& name) {
  switch (static_cast<ConfigResourceType>(resource_type)) {
    case ConfigResourceType::kTopic:
      return permit.may(operation, kTopic, name);
    case ConfigResourceType::kGroup:
      return permit.may(operation, kGroup, name);
    default:
      return permit.may(operation);
  }
}

/// Lets pass the resources that may be asked for, and answers for the rest.
template <class Response, class Resource, class Answer>
Verdict<Response> gate_resources(std::vector<Resource>& resources, const Permit& permit,
                                 Operation operation, std::vector<Answer> Response::*list) {
  std::vector<Answer> answers;
  for (const auto& resource : take_refused(resources, [&](const Resource& wanted) {
         return may_with_configs(permit, operation, wanted.resource_type, wanted.resource_name);
       })) {
    auto& answer = answers.emplace_back();
    answer.resource_type = resource.resource_type;
    answer.resource_name = resource.resource_name;
    answer.error_code = denied_configs(resource.resource_type);
    answer.error_message = "not authorized";
  }
  return answered_besides(list, std::move(answers));
}

}  // namespace

Verdict<wire::DescribeConfigsResponse> gate(wire::DescribeConfigsRequest& request,
                                            const Permit& permit) {
  return gate_resources(request.resources, permit, kDescribeConfigs,
                        &wire::DescribeConfigsResponse::results);
}

Verdict<wire::AlterConfigsResponse> gate(wire::AlterConfigsRequest& request, const Permit& permit) {
  return gate_resources(request.resources, permit, kAlterConfigs,
                        &wire::AlterConfigsResponse::responses);
}

Verdict<wire::IncrementalAlterConfigsResponse> gate(wire::IncrementalAlterConfigsRequest& request,
                                                    const Permit& permit) {
  return gate_resources(request.resources, permit, kAlterConfigs,
                        &wire::IncrementalAlterConfigsResponse::responses);
}

Verdict<wire::DescribeClientQuotasResponse> gate(wire::DescribeClientQuotasRequest&,
                                                 const Permit& permit) {
  if (permit.may(kDescribeConfigs)) return {};
  wire::DescribeClientQuotasResponse refusal;
  refusal.error_code = code_of(KafkaError::kClusterAuthorizationFailed);
  refusal.error_message = "not authorized";
  refusal.entries.reset();
  return {.refusal = std::move(refusal)};
}

Verdict<wire::AlterClientQuotasResponse> gate(wire::AlterClientQuotasRequest& request,
                                              const Permit& permit) {
  if (permit.may(kAlterConfigs)) return {};
  wire::AlterClientQuotasResponse refusal;
  for (auto& change : request.entries)
    refusal.entries.push_back({code_of(KafkaError::kClusterAuthorizationFailed), "not authorized",
                               std::move(change.entity)});
  return {.refusal = std::move(refusal)};
}

Verdict<wire::ListConfigResourcesResponse> gate(wire::ListConfigResourcesRequest&,
                                                const Permit& permit) {
  if (permit.may(kDescribeConfigs)) return {};
  wire::ListConfigResourcesResponse refusal;
  refusal.error_code = code_of(KafkaError::kClusterAuthorizationFailed);
  return {.refusal = std::move(refusal)};
}

Verdict<wire::UpdateFeaturesResponse> gate(wire::UpdateFeaturesRequest&, const Permit& permit) {
  if (permit.may(kAlter)) return {};
  wire::UpdateFeaturesResponse refusal;
  refusal.error_code = code_of(KafkaError::kClusterAuthorizationFailed);
  refusal.error_message = "not authorized";
  return {.refusal = std::move(refusal)};
}

}  // namespace millrace::broker
