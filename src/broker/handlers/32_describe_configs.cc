// DescribeConfigs, versions 1–4, for topics, groups, this broker and what is set of all
// brokers.
//   Every property is listed, set or not: tools read them all, change one and write them back.
//   A list of keys narrows the answer; null and, as clients send it, empty mean all.
// Version notes: v1 shows synonyms; v3 types and documentation; v4 is flexible.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/nodes/stopped_brokers.h"
#include "broker/properties/config_entries.h"
#include "broker/topics/settings_catalogue.h"
#include "broker/topics/topic_catalogue.h"
#include "broker/topics/topic_rules.h"
#include "wire/error_text.h"
#include "wire/messages/describe_configs.h"

namespace millrace::broker {

namespace {

using wire::DescribeConfigsRequest;
using wire::DescribeConfigsResponse;
using wire::KafkaError;
using Resource = DescribeConfigsRequest::DescribeConfigsResource;
using ResourceAnswer = DescribeConfigsResponse::DescribeConfigsResult;
using Shown = DescribeConfigsResponse::DescribeConfigsResourceResult;

/// With what is shown as if it were set of all brokers, and is not.
ClusterSettings shown_settings(const BrokerState& state) {
  ClusterSettings set = state.settings.settings()->set;
  auto stopped = stopped_brokers(*state.nodes.list());
  if (!stopped.empty()) set.brokers[{}][std::string(kStoppedBrokers)] = std::move(stopped);
  return set;
}

std::vector<ConfigEntry> entries_of_broker(const RequestContext& context, BrokerState& state) {
  const auto nodes = state.nodes.list();
  const Node* const self = find_node(*nodes, context.node);
  const std::string listener = "PLAINTEXT://" + address_of(*self, *context.connection).to_string();
  return broker_config_entries(shown_settings(state),
                               {state.config, context.node, listener, self->rack});
}

Result<std::vector<ConfigEntry>> entries_of_topic(const std::string& name, BrokerId node,
                                                  BrokerState& state) {
  if (auto valid = check_topic_name(name); !valid.ok()) return std::move(valid).error();
  const auto table = state.topics.table();
  const Topic* const topic = table->find(name);
  if (topic == nullptr)
    return wire::make_error(KafkaError::kUnknownTopicOrPartition, "there is no such topic");
  return topic_config_entries(topic->configs, state.settings.settings()->set, state.config, node);
}

/// Whether the name is that of this broker, which alone knows what it has.
Status check_is_broker(const std::string& name, BrokerId node) {
  if (name == fmt::to_string(node)) return {};
  return wire::make_error(KafkaError::kInvalidRequest,
                          fmt::format("wanted broker {}, found '{}'", node, name));
}

Result<std::vector<ConfigEntry>> entries_of(const Resource& resource, const RequestContext& context,
                                            BrokerState& state) {
  using Entries = std::vector<ConfigEntry>;
  const std::string& name = resource.resource_name;
  switch (static_cast<ConfigResourceType>(resource.resource_type)) {
    case ConfigResourceType::kTopic:
      return entries_of_topic(name, context.node, state);
    case ConfigResourceType::kBroker: {
      if (name.empty()) return all_brokers_config_entries(shown_settings(state));
      auto status = check_is_broker(name, context.node);
      return status.ok() ? Result<Entries>(entries_of_broker(context, state))
                         : std::move(status).error();
    }
    case ConfigResourceType::kBrokerLogger: {
      // Loggers have no levels of their own.
      auto status = check_is_broker(name, context.node);
      return status.ok() ? Result<Entries>(Entries{}) : std::move(status).error();
    }
    case ConfigResourceType::kGroup:
      if (name.empty())
        return wire::make_error(KafkaError::kInvalidRequest,
                                "wanted the id of a group, found none");
      return group_config_entries(
          state.settings.settings()->set.of({ConfigResourceType::kGroup, name}),
          {state.config, context.node, {}});
    default:
      return wire::make_error(
          KafkaError::kInvalidRequest,
          fmt::format("resource type {} has no configuration here", resource.resource_type));
  }
}

Shown show(const ConfigEntry& entry, const DescribeConfigsRequest& request) {
  Shown shown;
  shown.name = entry.name;
  shown.value = entry.value;
  shown.read_only = entry.is_read_only;
  shown.config_source = static_cast<std::int8_t>(entry.source);
  shown.config_type = static_cast<std::int8_t>(entry.type);
  shown.documentation.reset();
  if (request.include_documentation) shown.documentation = std::string(entry.documentation);
  if (!request.include_synonyms) return shown;
  for (const auto& synonym : entry.synonyms)
    shown.synonyms.push_back(
        {synonym.name, synonym.value, static_cast<std::int8_t>(synonym.source)});
  return shown;
}

bool is_wanted(const Resource& resource, const std::string& name) {
  const auto& keys = resource.configuration_keys;
  return !keys.has_value() || keys->empty() ||
         std::find(keys->begin(), keys->end(), name) != keys->end();
}

}  // namespace

DescribeConfigsResponse handle_describe_configs(DescribeConfigsRequest request,
                                                const RequestContext& context, BrokerState& state) {
  DescribeConfigsResponse response;
  for (const auto& resource : request.resources) {
    ResourceAnswer& answer = response.results.emplace_back();
    answer.resource_type = resource.resource_type;
    answer.resource_name = resource.resource_name;
    const auto entries = entries_of(resource, context, state);
    if (!entries.ok()) {
      answer.error_code = code_of(wire::kafka_error_of(entries.error()));
      answer.error_message = wire::bare_text(entries.error());
      continue;
    }
    answer.error_message.reset();
    for (const auto& entry : *entries) {
      if (is_wanted(resource, entry.name)) answer.configs.push_back(show(entry, request));
    }
  }
  return response;
}

}  // namespace millrace::broker
