// Metadata, versions 0–13.
//   A topic asked for by name is made when it is missing, unless the request (v4+) or the broker
//   says no; it is answered ready for use. A name that Kafka refuses makes nothing.
//   Brokers are advertised under the address that the client came by, each with its port, or under
//   the one that they were told to advertise. Those that do not run are not shown.
//   A partition that nobody leads is LEADER_NOT_AVAILABLE, and shown all the same.
// Version notes: v0 has no null list, an empty one means all; v10 shows topic ids, v12 takes them;
// v8–10 ask for authorized operations.
#include <string>
#include <utility>
#include <vector>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/topics/topic_catalogue.h"
#include "broker/topics/topic_rules.h"
#include "wire/messages/metadata.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using wire::MetadataRequest;
using wire::MetadataResponse;
using TopicAnswer = MetadataResponse::MetadataResponseTopic;

constexpr std::int16_t kFirstVersionThatDeclines = 4;
constexpr std::int16_t kFirstLookupById = 12;

TopicAnswer describe(const Topic& topic, const NodeList& nodes) {
  TopicAnswer answer;
  answer.name = topic.name;
  answer.topic_id = topic.id;
  answer.is_internal = topic.is_internal();
  answer.partitions.reserve(topic.partitions.size());
  for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
    auto& partition = answer.partitions.emplace_back();
    partition.partition_index = static_cast<std::int32_t>(index);
    const Placement placement = topic.partitions[index]->placement();
    partition.leader_id = placement.leadership.leader.value();
    partition.leader_epoch = placement.leadership.epoch.value();
    partition.replica_nodes = numbers_of(placement.replicas);
    partition.isr_nodes = numbers_of(placement.in_sync);
    if (placement.leadership.leader == kNoLeader)
      partition.error_code = code_of(KafkaError::kLeaderNotAvailable);
    partition.offline_replicas = offline_replicas(placement, nodes);
  }
  return answer;
}

TopicAnswer refuse(std::optional<std::string> name, const Uuid& id, KafkaError error) {
  TopicAnswer answer;
  answer.name = std::move(name);
  answer.topic_id = id;
  answer.error_code = code_of(error);
  return answer;
}

TopicAnswer find_by_id(const MetadataRequest::MetadataRequestTopic& wanted,
                       const RequestContext& context, BrokerState& state) {
  if (context.api_version < kFirstLookupById)
    return refuse(wanted.name.value_or(""), wanted.topic_id, KafkaError::kInvalidRequest);
  const auto table = state.topics.table();
  const Topic* const topic = table->find(wanted.topic_id);
  if (topic == nullptr) return refuse(std::nullopt, wanted.topic_id, KafkaError::kUnknownTopicId);
  return describe(*topic, *state.nodes.list());
}

enum class Missing { kIsMade, kIsRefused };

TopicAnswer find_or_create(const std::string& name, Missing missing, BrokerState& state) {
  const auto table = state.topics.table();
  const auto nodes = state.nodes.list();
  if (const Topic* const topic = table->find(name)) return describe(*topic, *nodes);
  if (auto valid = check_topic_name(name); !valid.ok())
    return refuse(name, {}, KafkaError::kInvalidTopicException);
  if (missing == Missing::kIsRefused) return refuse(name, {}, KafkaError::kUnknownTopicOrPartition);

  const auto made = state.topics.find_or_create(default_topic(name, state.config));
  if (!made.ok()) return refuse(name, {}, wire::kafka_error_of(made.error()));
  return describe(**made, *nodes);
}

}  // namespace

MetadataResponse handle_metadata(MetadataRequest request, const RequestContext& context,
                                 BrokerState& state) {
  MetadataResponse response;
  const auto nodes = state.nodes.list();
  for (const Node& node : *nodes) {
    if (!node.is_running) continue;
    auto& broker = response.brokers.emplace_back();
    auto [host, port] = address_of(node, *context.connection);
    broker.node_id = node.id.value();
    broker.host = std::move(host);
    broker.port = port;
    if (!node.rack.empty()) broker.rack = node.rack;
  }
  response.cluster_id = state.cluster_id.to_base64();
  response.controller_id = controller_of(*nodes).value();
  if (request.include_cluster_authorized_operations)
    response.cluster_authorized_operations = kAllClusterOperations;

  const bool wants_all =
      !request.topics.has_value() || (context.api_version == 0 && request.topics->empty());
  if (wants_all) {
    const auto table = state.topics.table();
    for (const auto& [name, topic] : table->by_name())
      response.topics.push_back(describe(*topic, *nodes));
  } else {
    const bool may_create =
        state.config.auto_create_topics &&
        (context.api_version < kFirstVersionThatDeclines || request.allow_auto_topic_creation);
    const Missing missing = may_create ? Missing::kIsMade : Missing::kIsRefused;
    for (const auto& wanted : *request.topics) {
      const bool by_id = !wanted.topic_id.is_zero() || !wanted.name.has_value();
      response.topics.push_back(by_id ? find_by_id(wanted, context, state)
                                      : find_or_create(*wanted.name, missing, state));
    }
  }

  if (request.include_topic_authorized_operations) {
    for (auto& topic : response.topics) {
      if (topic.error_code == 0) topic.topic_authorized_operations = kAllTopicOperations;
    }
  }
  return response;
}

}  // namespace millrace::broker
