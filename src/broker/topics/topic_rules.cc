#include "broker/topics/topic_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "broker/properties/topic_property.h"
#include "model/topic_name.h"
#include "wire/error_codes.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using wire::make_error;
using NewTopicRequest = wire::CreateTopicsRequest::CreatableTopic;

constexpr std::int32_t kUseDefault = -1;

bool same_but_for_dots(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
    return a == b || ((a == '.' || a == '_') && (b == '.' || b == '_'));
  });
}

std::string those_that_run(const Running& nodes) {
  return nodes.size() == 1 ? fmt::format("the one broker is {}", nodes.front())
                           : fmt::format("the brokers that run are {}", fmt::join(nodes, ", "));
}

Status check_replicas(const wire::CreateTopicsRequest::CreatableReplicaAssignment& assignment,
                      const Running& nodes) {
  const auto& ids = assignment.broker_ids;
  const auto refuse = [&](const std::string& why) {
    return make_error(KafkaError::kInvalidReplicaAssignment,
                      fmt::format("partition {}: {}", assignment.partition_index, why));
  };
  if (ids.empty()) return refuse("it has no replica");
  for (const std::int32_t id : ids) {
    if (std::count(ids.begin(), ids.end(), id) > 1)
      return refuse(fmt::format("broker {} is named twice", id));
    if (std::find(nodes.begin(), nodes.end(), BrokerId{id}) == nodes.end())
      return refuse(those_that_run(nodes));
  }
  return {};
}

/// The replicas of each partition, by hand.
Result<std::vector<std::vector<BrokerId>>> check_assignments(const NewTopicRequest& wanted,
                                                             const Running& nodes) {
  if (wanted.replication_factor != kUseDefault)
    return make_error(KafkaError::kInvalidRequest,
                      "with manual assignments the replication factor must be -1");
  if (wanted.num_partitions != kUseDefault)
    return make_error(KafkaError::kInvalidRequest,
                      "with manual assignments the partition count must be -1");
  std::map<std::int32_t, std::vector<BrokerId>> by_index;
  const std::size_t factor = wanted.assignments.front().broker_ids.size();
  for (const auto& assignment : wanted.assignments) {
    if (auto status = check_replicas(assignment, nodes); !status.ok())
      return std::move(status).error();
    const auto& ids = assignment.broker_ids;
    if (ids.size() != factor)
      return make_error(KafkaError::kInvalidReplicaAssignment,
                        fmt::format("partition {} has {} replicas, and others {}",
                                    assignment.partition_index, ids.size(), factor));
    const std::vector<BrokerId> replicas(ids.begin(), ids.end());
    if (!by_index.emplace(assignment.partition_index, replicas).second)
      return make_error(KafkaError::kInvalidReplicaAssignment,
                        fmt::format("partition {} is assigned twice", assignment.partition_index));
  }
  const auto count = static_cast<std::int32_t>(by_index.size());
  if (by_index.begin()->first != 0 || by_index.rbegin()->first != count - 1)
    return make_error(KafkaError::kInvalidReplicaAssignment,
                      "partitions must be numbered from 0 without a gap");
  std::vector<std::vector<BrokerId>> assignments;
  for (auto& [index, replicas] : by_index) assignments.push_back(std::move(replicas));
  return assignments;
}

Result<std::int32_t> check_counts(const NewTopicRequest& wanted, const BrokerConfig& config,
                                  std::size_t nodes) {
  const std::int16_t factor = wanted.replication_factor;
  if (factor != kUseDefault && factor <= 0)
    return make_error(KafkaError::kInvalidReplicationFactor,
                      "the replication factor must be above 0, or -1 for the default");
  if (factor > static_cast<std::int64_t>(nodes))
    return make_error(KafkaError::kInvalidReplicationFactor,
                      fmt::format("replicas: wanted at most {}, as there {} broker{}, found {}",
                                  nodes, nodes == 1 ? "is 1" : fmt::format("are {}", nodes),
                                  nodes == 1 ? "" : "s", factor));
  if (wanted.num_partitions == kUseDefault) return config.num_partitions;
  if (wanted.num_partitions <= 0)
    return make_error(KafkaError::kInvalidPartitions,
                      "the partition count must be above 0, or -1 for the default");
  return wanted.num_partitions;
}

/// What no property says alone.
Status check_topic_configs_together(const TopicConfigs& configs, const ConfigOverrides& defaults) {
  const auto parsed = log_config_of(configs, defaults);
  if (!parsed.ok()) return parsed.error();
  if (parsed->min_compaction_lag_ms <= parsed->max_compaction_lag_ms) return {};
  return make_error(
      KafkaError::kInvalidConfig,
      fmt::format("min.compaction.lag.ms: wanted at most max.compaction.lag.ms={}, found {}",
                  parsed->max_compaction_lag_ms, parsed->min_compaction_lag_ms));
}

Result<TopicConfigs> check_configs(const NewTopicRequest& wanted, const ConfigOverrides& defaults) {
  TopicConfigs configs;
  for (const auto& config : wanted.configs) {
    if (!config.value.has_value())
      return make_error(KafkaError::kInvalidConfig, fmt::format("{} may not be null", config.name));
    if (auto status = admit_topic_property(config.name, *config.value); !status.ok())
      return make_error(KafkaError::kInvalidConfig, status.error().message);
    configs[config.name] = *config.value;
  }
  if (auto status = check_topic_configs_together(configs, defaults); !status.ok())
    return std::move(status).error();
  return configs;
}

}  // namespace

Status check_topic_name(std::string_view name) {
  if (auto fault = fault_of_topic_name(name))
    return make_error(KafkaError::kInvalidTopicException, *fault);
  return {};
}

std::optional<std::string> find_collision(const TopicTable& topics, std::string_view name) {
  if (name.find_first_of("._") == std::string_view::npos) return std::nullopt;
  for (const auto& [existing, topic] : topics.by_name()) {
    if (existing != name && same_but_for_dots(existing, name)) return existing;
  }
  return std::nullopt;
}

NewTopic default_topic(std::string_view name, const BrokerConfig& config) {
  // As in Kafka the offsets are compacted, in small segments, and never expire by age.
  constexpr std::int32_t kReplicasOfInternal = 3;
  const auto internal_factor =
      static_cast<std::int16_t>(std::min(config.brokers, kReplicasOfInternal));
  if (name == kOffsetsTopic)
    return {.name = std::string(name),
            .partition_count = config.offsets_partitions,
            .configs = {{"cleanup.policy", "compact"},
                        {"compression.type", "producer"},
                        {"segment.bytes", "104857600"}},
            .replication_factor = internal_factor};
  if (name == kTransactionsTopic)
    return {.name = std::string(name),
            .partition_count = config.transactions_partitions,
            .configs = {{"cleanup.policy", "compact"},
                        {"compression.type", "uncompressed"},
                        {"segment.bytes", "104857600"}},
            .replication_factor = internal_factor};
  return {.name = std::string(name),
          .partition_count = config.num_partitions,
          .configs = {},
          .replication_factor = config.replication_factor};
}

Result<NewTopic> plan_topic(const NewTopicRequest& wanted, const BrokerConfig& config,
                            const Running& nodes, const ConfigOverrides& defaults) {
  if (auto status = check_topic_name(wanted.name); !status.ok()) return std::move(status).error();
  if (wanted.name == kMetadataTopic)
    return make_error(KafkaError::kInvalidTopicException,
                      fmt::format("{} is the broker's own", kMetadataTopic));

  NewTopic topic{.name = wanted.name, .configs = {}};
  if (wanted.assignments.empty()) {
    const auto count = check_counts(wanted, config, nodes.size());
    if (!count.ok()) return count.error();
    topic.partition_count = *count;
    topic.replication_factor = wanted.replication_factor == kUseDefault ? config.replication_factor
                                                                        : wanted.replication_factor;
  } else {
    auto assignments = check_assignments(wanted, nodes);
    if (!assignments.ok()) return std::move(assignments).error();
    topic.assignments = std::move(assignments).value();
    topic.partition_count = static_cast<std::int32_t>(topic.assignments.size());
    topic.replication_factor = static_cast<std::int16_t>(topic.assignments.front().size());
  }
  if (topic.partition_count > config.partitions_max)
    return make_error(KafkaError::kPolicyViolation,
                      fmt::format("partitions: wanted at most {}, found {}", config.partitions_max,
                                  topic.partition_count));
  auto configs = check_configs(wanted, defaults);
  if (!configs.ok()) return std::move(configs).error();
  topic.configs = std::move(configs).value();
  return topic;
}

Status check_partition_increase(const Topic& topic, std::int32_t count,
                                const BrokerConfig& config) {
  const std::size_t had = topic.partitions.size();
  if (count <= 0 || static_cast<std::size_t>(count) <= had)
    return make_error(
        KafkaError::kInvalidPartitions,
        fmt::format("topic '{}' has {} partitions: wanted more, found {}", topic.name, had, count));
  if (topic.is_internal())
    return make_error(KafkaError::kInvalidRequest,
                      fmt::format("the partitions of {} stay as many as they are", topic.name));
  if (count > config.partitions_max)
    return make_error(
        KafkaError::kPolicyViolation,
        fmt::format("partitions: wanted at most {}, found {}", config.partitions_max, count));
  return {};
}

Status check_new_partitions(const wire::CreatePartitionsRequest::CreatePartitionsTopic& wanted,
                            const Topic& topic, const BrokerConfig& config, const Running& nodes) {
  if (auto status = check_partition_increase(topic, wanted.count, config); !status.ok())
    return status;
  if (!wanted.assignments.has_value()) return {};
  const std::size_t had = topic.partitions.size();
  const std::size_t more = static_cast<std::size_t>(wanted.count) - had;
  if (wanted.assignments->size() != more)
    return make_error(KafkaError::kInvalidReplicaAssignment,
                      fmt::format("wanted an assignment for each of {} more partitions, found {}",
                                  more, wanted.assignments->size()));
  const std::size_t factor = topic.partitions.front()->placement().replicas.size();
  auto index = static_cast<std::int32_t>(had);
  for (const auto& [ids] : *wanted.assignments) {
    wire::CreateTopicsRequest::CreatableReplicaAssignment assignment;
    assignment.partition_index = index++;
    assignment.broker_ids = ids;
    if (auto status = check_replicas(assignment, nodes); !status.ok()) return status;
    if (ids.size() != factor)
      return make_error(
          KafkaError::kInvalidReplicaAssignment,
          fmt::format("wanted {} replicas as the others have, found {}", factor, ids.size()));
  }
  return {};
}

Result<TopicConfigs> plan_topic_configs(TopicConfigs current, std::span<const ConfigChange> changes,
                                        const ConfigOverrides& defaults) {
  constexpr PropertyCatalogue kTopics{.find = [](std::string_view name) -> const Property* {
                                        const TopicProperty* const found =
                                            find_topic_property(name);
                                        return found == nullptr ? nullptr : &found->about;
                                      },
                                      .admit = &admit_topic_property};
  auto changed = changed_configs(std::move(current), changes, kTopics);
  if (!changed.ok()) return changed;
  if (auto status = check_topic_configs_together(*changed, defaults); !status.ok())
    return std::move(status).error();
  return changed;
}

Result<storage::LogConfig> log_config_of(const TopicConfigs& configs,
                                         const ConfigOverrides& defaults) {
  storage::LogConfig parsed;
  for (const ConfigOverrides* const layer : {&defaults, &configs}) {
    for (const auto& [name, value] : *layer) {
      // A later version may have written what this one does not know.
      if (find_topic_property(name) == nullptr) continue;
      if (auto status = set_topic_property(parsed, name, value); !status.ok())
        return make_error(KafkaError::kInvalidConfig, status.error().message);
    }
  }
  return parsed;
}

}  // namespace millrace::broker
