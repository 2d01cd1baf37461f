#include <charconv>
#include <utility>

#include "client/admin.h"
#include "client/admin/admin_core.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/incremental_alter_configs.h"
#include "wire/messages/list_config_resources.h"

namespace millrace::client {
namespace {

using DescribedConfig = wire::DescribeConfigsResponse::DescribeConfigsResourceResult;

/// The broker that alone can answer for the resource; nothing when any can. A broker says best what
/// is wrong with a name that is none.
std::optional<BrokerId> only_broker(const ConfigResource& resource) {
  if (resource.kind != ConfigResourceKind::kBroker) return std::nullopt;
  std::int32_t id = -1;
  const char* const end = resource.name.data() + resource.name.size();
  const auto [stop, failure] = std::from_chars(resource.name.data(), end, id);
  if (failure != std::errc{} || stop != end || id < 0) return std::nullopt;
  return BrokerId{id};
}

Target target_of(const ConfigResource& resource) {
  const auto broker = only_broker(resource);
  return broker ? Target::of(*broker) : Target::any();
}

ConfigEntry entry_of(const DescribedConfig& told) {
  ConfigEntry entry{
      .name = told.name,
      .value = told.value,
      .is_default = static_cast<ConfigSource>(told.config_source) == ConfigSource::kDefault,
      .is_read_only = told.read_only,
      .is_sensitive = told.is_sensitive,
      .source = static_cast<ConfigSource>(told.config_source),
      .type = static_cast<ConfigType>(told.config_type),
      .documentation = told.documentation};
  for (const auto& each : told.synonyms)
    entry.synonyms.push_back({each.name, each.value, static_cast<ConfigSource>(each.source)});
  return entry;
}

}  // namespace

std::string_view config_source_name(ConfigSource source) {
  switch (source) {
    case ConfigSource::kTopic:
      return "DYNAMIC_TOPIC_CONFIG";
    case ConfigSource::kBroker:
      return "DYNAMIC_BROKER_CONFIG";
    case ConfigSource::kAllBrokers:
      return "DYNAMIC_DEFAULT_BROKER_CONFIG";
    case ConfigSource::kStaticBroker:
      return "STATIC_BROKER_CONFIG";
    case ConfigSource::kDefault:
      return "DEFAULT_CONFIG";
    case ConfigSource::kBrokerLogger:
      return "DYNAMIC_BROKER_LOGGER_CONFIG";
    case ConfigSource::kClientMetrics:
      return "DYNAMIC_CLIENT_METRICS_CONFIG";
    case ConfigSource::kGroup:
      return "DYNAMIC_GROUP_CONFIG";
    case ConfigSource::kUnknown:
      break;
  }
  return "UNKNOWN";
}

std::string_view config_type_name(ConfigType type) {
  switch (type) {
    case ConfigType::kBoolean:
      return "BOOLEAN";
    case ConfigType::kString:
      return "STRING";
    case ConfigType::kInt:
      return "INT";
    case ConfigType::kShort:
      return "SHORT";
    case ConfigType::kLong:
      return "LONG";
    case ConfigType::kDouble:
      return "DOUBLE";
    case ConfigType::kList:
      return "LIST";
    case ConfigType::kClass:
      return "CLASS";
    case ConfigType::kPassword:
      return "PASSWORD";
    case ConfigType::kUnknown:
      break;
  }
  return "UNKNOWN";
}

Result<Outcomes<ConfigResource, std::vector<ConfigEntry>>> Admin::describe_configs(
    const std::vector<ConfigResource>& resources, ConfigDetail detail) {
  Outcomes<ConfigResource, std::vector<ConfigEntry>> outcomes;
  for (const ConfigResource& resource : resources) {
    wire::DescribeConfigsRequest request;
    request.include_synonyms = request.include_documentation = detail == ConfigDetail::kAll;
    request.resources.push_back({.resource_type = static_cast<std::int8_t>(resource.kind),
                                 .resource_name = resource.name,
                                 .configuration_keys = std::nullopt});
    using Response = wire::DescribeConfigsResponse;
    auto answer = core().ask<wire::DescribeConfigsRequest, Response>(target_of(resource), request);
    if (!answer.ok() && answer.error().code == ErrorCode::kUnsupported) {
      request.include_documentation = false;  // as before version 3
      answer = core().ask<wire::DescribeConfigsRequest, Response>(target_of(resource), request);
    }
    if (!answer.ok()) return std::move(answer).error();
    for (const auto& result : answer->results) {
      if (result.error_code != 0) {
        outcomes.emplace(resource,
                         admin_error(result.error_code, "configuration of " + resource.name,
                                     result.error_message));
        continue;
      }
      std::vector<ConfigEntry> entries;
      for (const auto& each : result.configs) entries.push_back(entry_of(each));
      outcomes.emplace(resource, std::move(entries));
    }
  }
  return outcomes;
}

Result<Outcomes<ConfigResource, void>> Admin::incremental_alter_configs(
    const std::map<ConfigResource, std::vector<ConfigChange>>& changes, Validate validate) {
  using Request = wire::IncrementalAlterConfigsRequest;
  Request together;
  together.validate_only = validate == Validate::kOnly;
  std::vector<std::pair<Target, Request>> requests;
  for (const auto& [resource, of_resource] : changes) {
    Request::AlterConfigsResource wanted{
        static_cast<std::int8_t>(resource.kind), resource.name, {}};
    for (const ConfigChange& each : of_resource) {
      const bool has_value = each.operation != ConfigChange::Operation::kDelete;
      wanted.configs.push_back({each.name, static_cast<std::int8_t>(each.operation),
                                has_value ? std::optional(each.value) : std::nullopt});
    }
    if (!only_broker(resource)) {
      together.resources.push_back(std::move(wanted));
      continue;
    }
    Request alone;
    alone.validate_only = together.validate_only;
    alone.resources.push_back(std::move(wanted));
    requests.emplace_back(target_of(resource), std::move(alone));
  }
  if (!together.resources.empty()) requests.emplace_back(Target::any(), std::move(together));

  Outcomes<ConfigResource, void> outcomes;
  for (auto& [target, request] : requests) {
    auto answer = core().ask<Request, wire::IncrementalAlterConfigsResponse>(target, request);
    if (!answer.ok()) return std::move(answer).error();
    for (const auto& each : answer->responses)
      outcomes.emplace(
          ConfigResource{static_cast<ConfigResourceKind>(each.resource_type), each.resource_name},
          admin_outcome(each.error_code, "change the configuration of " + each.resource_name,
                        each.error_message));
  }
  return outcomes;
}

Result<std::vector<ConfigResource>> Admin::list_config_resources(
    const std::vector<ConfigResourceKind>& kinds) {
  wire::ListConfigResourcesRequest request;
  for (const ConfigResourceKind kind : kinds)
    request.resource_types.push_back(static_cast<std::int8_t>(kind));
  auto answer = core().ask<wire::ListConfigResourcesRequest, wire::ListConfigResourcesResponse>(
      Target::any(), std::move(request));
  if (!answer.ok()) return std::move(answer).error();
  if (answer->error_code != 0)
    return admin_error(answer->error_code, "list what has a configuration");
  std::vector<ConfigResource> resources;
  for (const auto& each : answer->config_resources)
    resources.push_back({static_cast<ConfigResourceKind>(each.resource_type), each.resource_name});
  return resources;
}

}  // namespace millrace::client
