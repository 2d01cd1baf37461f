// DescribeConfigs, versions 1–4, for topics and for the broker.
//   Every property is listed, set or not: tools read them all, change one and write them back.
//   A list of keys narrows the answer; null and, as clients send it, empty mean all.
// Version notes: v1 shows synonyms; v3 types and documentation; v4 is flexible.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/properties/config_entries.h"
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

constexpr std::int8_t kConfigsOfTopic = 2;
constexpr std::int8_t kConfigsOfBroker = 4;
constexpr std::int8_t kBrokerLogger = 8;

Result<std::vector<ConfigEntry>> entries_of(const Resource& resource, const RequestContext& context,
                                            BrokerState& state) {
  if (resource.resource_type == kConfigsOfTopic) {
    if (auto valid = check_topic_name(resource.resource_name); !valid.ok())
      return std::move(valid).error();
    const auto table = state.topics.table();
    const Topic* const topic = table->find(resource.resource_name);
    if (topic == nullptr)
      return wire::make_error(KafkaError::kUnknownTopicOrPartition, "there is no such topic");
    return topic_config_entries(topic->configs);
  }
  if (resource.resource_type != kConfigsOfBroker && resource.resource_type != kBrokerLogger)
    return wire::make_error(
        KafkaError::kInvalidRequest,
        fmt::format("resource type {} has no configuration here", resource.resource_type));

  const std::string node = fmt::to_string(context.node);
  const bool is_cluster_default = resource.resource_name.empty();
  if (!is_cluster_default && resource.resource_name != node)
    return wire::make_error(KafkaError::kInvalidRequest, fmt::format("wanted broker {}, found '{}'",
                                                                     node, resource.resource_name));
  // Nothing was ever set for the whole cluster, and loggers have no levels of their own.
  if (is_cluster_default || resource.resource_type == kBrokerLogger)
    return std::vector<ConfigEntry>{};
  const auto nodes = state.nodes.list();
  const Node* const self = find_node(*nodes, context.node);
  const std::string listener = "PLAINTEXT://" + address_of(*self, *context.connection).to_string();
  return broker_config_entries({state.config, context.node, listener, self->rack});
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
