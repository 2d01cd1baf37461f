// DescribeTopicPartitions, version 0.
//   Topics in order of their names, all of them when none is named, with at most as many partitions
//   as the request and Kafka's max.request.partition.size.limit (2000) allow; the cursor says where
//   the next request goes on. Unknown topics that were named are told of; a cursor that leads
//   nowhere refuses every topic named. Eligible leader replicas (KIP-966) are those in sync and no
//   others: the lists are empty.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "broker/nodes/nodes.h"
#include "broker/topics/topic_catalogue.h"
#include "broker/topics/topic_rules.h"
#include "wire/messages/describe_topic_partitions.h"

namespace millrace::broker {

namespace {

using wire::DescribeTopicPartitionsRequest;
using wire::DescribeTopicPartitionsResponse;
using wire::KafkaError;
using TopicShown = DescribeTopicPartitionsResponse::DescribeTopicPartitionsResponseTopic;
using PartitionShown = DescribeTopicPartitionsResponse::DescribeTopicPartitionsResponsePartition;

constexpr std::int32_t kPartitionsMax = 2000;

TopicShown refuse_description(const std::string& name, KafkaError error) {
  TopicShown topic;
  topic.name = name;
  topic.error_code = code_of(error);
  topic.is_internal = is_internal_topic(name);
  return topic;
}

PartitionShown show_partition(const Partition& partition, const NodeList& nodes) {
  const Placement placement = partition.placement();
  PartitionShown shown;
  shown.partition_index = partition.name().partition.value();
  shown.leader_id = placement.leadership.leader.value();
  shown.leader_epoch = placement.leadership.epoch.value();
  shown.replica_nodes = numbers_of(placement.replicas);
  shown.isr_nodes = numbers_of(placement.in_sync);
  shown.offline_replicas = offline_replicas(placement, nodes);
  shown.eligible_leader_replicas.emplace();
  shown.last_known_elr.emplace();
  return shown;
}

std::set<std::string> wanted_names(const DescribeTopicPartitionsRequest& request,
                                   const TopicTable& topics) {
  const std::string from = request.cursor ? request.cursor->topic_name : std::string();
  std::set<std::string> names;
  const auto add = [&](const std::string& name) {
    if (name >= from) names.insert(name);
  };
  for (const auto& topic : request.topics) add(topic.name);
  if (!request.topics.empty()) return names;
  for (const auto& [name, topic] : topics.by_name()) add(name);
  return names;
}

bool leads_nowhere(const DescribeTopicPartitionsRequest& request,
                   const std::set<std::string>& names) {
  if (!request.cursor) return false;
  const bool is_among = request.topics.empty() || names.contains(request.cursor->topic_name);
  return !is_among || request.cursor->partition_index < 0;
}

}  // namespace

DescribeTopicPartitionsResponse handle_describe_topic_partitions(
    DescribeTopicPartitionsRequest request, const RequestContext&, BrokerState& state) {
  const auto topics = state.topics.table();
  const auto nodes = state.nodes.list();
  const auto names = wanted_names(request, *topics);
  DescribeTopicPartitionsResponse response;
  if (leads_nowhere(request, names)) {
    for (const auto& topic : request.topics)
      response.topics.push_back(refuse_description(topic.name, KafkaError::kInvalidRequest));
    return response;
  }

  std::int32_t left = std::clamp(request.response_partition_limit, 1, kPartitionsMax);
  for (const std::string& name : names) {
    if (left == 0) {
      response.next_cursor.emplace();
      response.next_cursor->topic_name = name;
      return response;
    }
    const Topic* const topic = topics->find(name);
    if (topic == nullptr) {
      if (request.topics.empty()) continue;
      response.topics.push_back(refuse_description(name, check_topic_name(name).ok()
                                                             ? KafkaError::kUnknownTopicOrPartition
                                                             : KafkaError::kInvalidTopicException));
      continue;
    }
    const bool is_at_cursor = request.cursor && request.cursor->topic_name == name;
    const auto count = static_cast<std::int32_t>(topic->partitions.size());
    const std::int32_t first = is_at_cursor ? std::min(request.cursor->partition_index, count) : 0;
    const std::int32_t end = std::min(count - first, left) + first;
    auto& shown = response.topics.emplace_back();
    shown.name = name;
    shown.topic_id = topic->id;
    shown.is_internal = topic->is_internal();
    shown.topic_authorized_operations = kAllTopicOperations;
    for (std::int32_t index = first; index < end; ++index)
      shown.partitions.push_back(show_partition(*topic->partition(index), *nodes));
    left -= end - first;
    if (end < count) {
      response.next_cursor.emplace();
      response.next_cursor->topic_name = name;
      response.next_cursor->partition_index = end;
      return response;
    }
  }
  return response;
}

}  // namespace millrace::broker
