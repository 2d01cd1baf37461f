#include "broker/topics/topic_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
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

/// The partition count that a manual assignment amounts to.
Result<std::int32_t> check_assignments(const NewTopicRequest& wanted, BrokerId node) {
  if (wanted.replication_factor != kUseDefault)
    return make_error(KafkaError::kInvalidRequest,
                      "with manual assignments the replication factor must be -1");
  if (wanted.num_partitions != kUseDefault)
    return make_error(KafkaError::kInvalidRequest,
                      "with manual assignments the partition count must be -1");
  std::set<std::int32_t> indexes;
  for (const auto& assignment : wanted.assignments) {
    if (assignment.broker_ids != std::vector<std::int32_t>{node.value()})
      return make_error(
          KafkaError::kInvalidReplicaAssignment,
          fmt::format("partition {}: the one broker is {}", assignment.partition_index, node));
    if (!indexes.insert(assignment.partition_index).second)
      return make_error(KafkaError::kInvalidReplicaAssignment,
                        fmt::format("partition {} is assigned twice", assignment.partition_index));
  }
  const auto count = static_cast<std::int32_t>(indexes.size());
  if (*indexes.begin() != 0 || *indexes.rbegin() != count - 1)
    return make_error(KafkaError::kInvalidReplicaAssignment,
                      "partitions must be numbered from 0 without a gap");
  return count;
}

Result<std::int32_t> check_counts(const NewTopicRequest& wanted, const BrokerConfig& config) {
  const std::int16_t factor = wanted.replication_factor;
  if (factor != kUseDefault && factor <= 0)
    return make_error(KafkaError::kInvalidReplicationFactor,
                      "the replication factor must be above 0, or -1 for the default");
  if (factor > 1)
    return make_error(
        KafkaError::kInvalidReplicationFactor,
        fmt::format("replicas: wanted at most 1, as there is 1 broker, found {}", factor));
  if (wanted.num_partitions == kUseDefault) return config.num_partitions;
  if (wanted.num_partitions <= 0)
    return make_error(KafkaError::kInvalidPartitions,
                      "the partition count must be above 0, or -1 for the default");
  return wanted.num_partitions;
}

Result<TopicConfigs> check_configs(const NewTopicRequest& wanted) {
  TopicConfigs configs;
  for (const auto& config : wanted.configs) {
    if (!config.value.has_value())
      return make_error(KafkaError::kInvalidConfig, fmt::format("{} may not be null", config.name));
    if (auto status = admit_topic_property(config.name, *config.value); !status.ok())
      return make_error(KafkaError::kInvalidConfig, status.error().message);
    configs[config.name] = *config.value;
  }
  if (auto parsed = log_config_of(configs); !parsed.ok()) return std::move(parsed).error();
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
  if (name == kOffsetsTopic)
    return {.name = std::string(name),
            .partition_count = config.offsets_partitions,
            .configs = {{"cleanup.policy", "compact"},
                        {"compression.type", "producer"},
                        {"segment.bytes", "104857600"}}};
  if (name == kTransactionsTopic)
    return {.name = std::string(name),
            .partition_count = config.transactions_partitions,
            .configs = {{"cleanup.policy", "compact"},
                        {"compression.type", "uncompressed"},
                        {"segment.bytes", "104857600"}}};
  return {.name = std::string(name), .partition_count = config.num_partitions, .configs = {}};
}

Result<NewTopic> plan_topic(const NewTopicRequest& wanted, const BrokerConfig& config,
                            BrokerId node) {
  if (auto status = check_topic_name(wanted.name); !status.ok()) return std::move(status).error();
  if (wanted.name == kMetadataTopic)
    return make_error(KafkaError::kInvalidTopicException,
                      fmt::format("{} is the broker's own", kMetadataTopic));

  const auto count =
      wanted.assignments.empty() ? check_counts(wanted, config) : check_assignments(wanted, node);
  if (!count.ok()) return count.error();
  if (*count > config.partitions_max)
    return make_error(
        KafkaError::kPolicyViolation,
        fmt::format("partitions: wanted at most {}, found {}", config.partitions_max, *count));
  auto configs = check_configs(wanted);
  if (!configs.ok()) return std::move(configs).error();
  return NewTopic{wanted.name, *count, std::move(configs).value()};
}

Result<storage::LogConfig> log_config_of(const TopicConfigs& configs) {
  storage::LogConfig parsed;
  for (const auto& [name, value] : configs) {
    // A later version may have written what this one does not know.
    if (find_topic_property(name) == nullptr) continue;
    if (auto status = set_topic_property(parsed, name, value); !status.ok())
      return make_error(KafkaError::kInvalidConfig, status.error().message);
  }
  return parsed;
}

}  // namespace millrace::broker
