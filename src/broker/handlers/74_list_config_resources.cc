// ListConfigResources, versions 0–1.
//   Names what has a configuration: topics, the brokers and their loggers, and the groups of which
//   something is set. No type means all of them.
// Version notes: v0 asks for client metrics, of which there are none; v1 names the types
// (KIP-1142).
#include <fmt/format.h>

#include <set>
#include <string>

#include "broker/handlers/handlers.h"
#include "broker/topics/settings_catalogue.h"
#include "broker/topics/topic_catalogue.h"
#include "wire/error_codes.h"
#include "wire/messages/list_config_resources.h"

namespace millrace::broker {

namespace {

using enum ConfigResourceType;

constexpr std::int16_t kFirstVersionWithTypes = 1;

void list_resources(ConfigResourceType type, BrokerState& state,
                    wire::ListConfigResourcesResponse& response) {
  const auto add = [&](const std::string& name) {
    response.config_resources.push_back({name, static_cast<std::int8_t>(type)});
  };
  if (type == kTopic) {
    const auto table = state.topics.table();
    for (const auto& [name, topic] : table->by_name()) add(name);
  }
  if (type == kBroker || type == kBrokerLogger) {
    for (const BrokerId node : state.nodes.running()) add(fmt::to_string(node));
  }
  if (type == kGroup) {
    const auto settings = state.settings.settings();
    for (const auto& [name, configs] : settings->set.groups) add(name);
  }
}

}  // namespace

wire::ListConfigResourcesResponse handle_list_config_resources(
    wire::ListConfigResourcesRequest request, const RequestContext& context, BrokerState& state) {
  static const std::set<ConfigResourceType> kAll{kTopic, kBroker, kBrokerLogger, kClientMetrics,
                                                 kGroup};
  wire::ListConfigResourcesResponse response;
  std::set<ConfigResourceType> types;
  for (const std::int8_t type : request.resource_types)
    types.insert(static_cast<ConfigResourceType>(type));
  if (context.api_version < kFirstVersionWithTypes)
    types = {kClientMetrics};
  else if (types.empty())
    types = kAll;
  for (const ConfigResourceType type : types) {
    if (kAll.contains(type)) continue;
    response.error_code = code_of(wire::KafkaError::kUnsupportedVersion);
    return response;
  }
  for (const ConfigResourceType type : types) list_resources(type, state, response);
  return response;
}

}  // namespace millrace::broker
