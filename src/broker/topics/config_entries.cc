#include "broker/topics/config_entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace millrace::broker {

namespace {

using std::chrono::duration_cast;
using std::chrono::minutes;

/// A property of the broker that its configuration sets.
struct BrokerProperty {
  std::string_view name;
  ConfigType type;
  std::string value;
  std::string default_value;
  std::string_view documentation;
};

std::vector<BrokerProperty> own_properties(const BrokerConfig& now, BrokerId node,
                                           std::string_view listener) {
  const BrokerConfig defaults;
  const GroupConfig& groups = now.groups;
  const GroupConfig group_defaults;
  const auto text = [](auto value) { return fmt::to_string(value); };
  const auto millis = [](Millis value) { return fmt::to_string(value.count()); };
  const auto in_minutes = [](Millis value) {
    return fmt::to_string(duration_cast<minutes>(value).count());
  };
  return {
      {"advertised.listeners", ConfigType::kString, std::string(listener), "",
       "Where clients are told to connect."},
      {"auto.create.topics.enable", ConfigType::kBoolean, text(now.auto_create_topics),
       text(defaults.auto_create_topics), "Whether asking for an unknown topic makes it."},
      {"broker.id", ConfigType::kInt, fmt::to_string(node), "-1", "The number of this broker."},
      {"connections.max.idle.ms", ConfigType::kLong, millis(now.connections_max_idle),
       millis(defaults.connections_max_idle), "When a silent connection is closed."},
      {"default.replication.factor", ConfigType::kInt, "1", "1",
       "Replicas of a topic that does not say; there is one broker."},
      {"delete.topic.enable", ConfigType::kBoolean, "true", "true",
       "Whether topics may be deleted."},
      {"fetch.max.bytes", ConfigType::kInt, text(now.fetch_bytes_max),
       text(defaults.fetch_bytes_max), "The most that one fetch returns."},
      {"group.initial.rebalance.delay.ms", ConfigType::kInt, millis(groups.initial_rebalance_delay),
       millis(group_defaults.initial_rebalance_delay),
       "How long a new group waits for more members."},
      {"group.max.session.timeout.ms", ConfigType::kInt, millis(groups.session_timeout_max),
       millis(group_defaults.session_timeout_max), "The longest session a member may ask for."},
      {"group.max.size", ConfigType::kInt, text(groups.group_size_max),
       text(group_defaults.group_size_max), "The most members of one group."},
      {"group.min.session.timeout.ms", ConfigType::kInt, millis(groups.session_timeout_min),
       millis(group_defaults.session_timeout_min), "The shortest session a member may ask for."},
      {"listeners", ConfigType::kString, std::string(listener), "PLAINTEXT://:9092",
       "Where this broker listens."},
      {"log.dir", ConfigType::kString, now.data_directory, "", "Where the logs lie."},
      {"log.dirs", ConfigType::kString, now.data_directory, "", "Where the logs lie."},
      {"log.flush.offset.checkpoint.interval.ms", ConfigType::kInt,
       millis(now.recovery_point_interval), millis(defaults.recovery_point_interval),
       "How often the last offset known to be on disk is written down."},
      {"log.retention.check.interval.ms", ConfigType::kLong,
       millis(now.log_retention_check_interval), millis(defaults.log_retention_check_interval),
       "How often old segments are looked for."},
      {"node.id", ConfigType::kInt, fmt::to_string(node), "1", "The number of this node."},
      {"num.network.threads", ConfigType::kInt, text(std::max(now.loops, 1)), "1",
       "Event loops that serve connections."},
      {"num.partitions", ConfigType::kInt, text(now.num_partitions), text(defaults.num_partitions),
       "Partitions of a topic that does not say."},
      {"offset.metadata.max.bytes", ConfigType::kInt, text(groups.offset_metadata_bytes_max),
       text(group_defaults.offset_metadata_bytes_max),
       "The longest note that may be kept with an offset."},
      {"offsets.retention.minutes", ConfigType::kInt, in_minutes(groups.offsets_retention),
       in_minutes(group_defaults.offsets_retention),
       "How long offsets of an empty group are kept."},
      {"offsets.topic.num.partitions", ConfigType::kInt, text(now.offsets_partitions),
       text(defaults.offsets_partitions), "Partitions of __consumer_offsets."},
      {"producer.id.expiration.ms", ConfigType::kInt, millis(now.producer_id_expiration),
       millis(defaults.producer_id_expiration),
       "How long an idempotent producer may be silent before it is forgotten."},
      {"offsets.topic.replication.factor", ConfigType::kShort, "1", "1",
       "Replicas of __consumer_offsets; there is one broker."},
      {"process.roles", ConfigType::kList, "broker,controller", "broker,controller",
       "What this node does in the cluster: all of it."},
      {"socket.request.max.bytes", ConfigType::kInt, text(now.request_bytes_max),
       text(defaults.request_bytes_max), "The largest request that is read."},
      {"socket.send.buffer.bytes", ConfigType::kInt, text(now.send_buffer_bytes),
       text(defaults.send_buffer_bytes), "SO_SNDBUF of a connection; 0 is the system's choice."},
      {"transaction.max.timeout.ms", ConfigType::kInt, "900000", "900000",
       "The longest a transaction may stay open."},
  };
}

ConfigEntry entry_of(BrokerProperty property) {
  ConfigEntry entry{.name = std::string(property.name),
                    .value = property.value,
                    .source = property.value == property.default_value
                                  ? ConfigSource::kDefault
                                  : ConfigSource::kStaticBroker,
                    .type = property.type,
                    .documentation = property.documentation,
                    .is_read_only = true,
                    .synonyms = {}};
  if (entry.source == ConfigSource::kStaticBroker)
    entry.synonyms.push_back({entry.name, entry.value, ConfigSource::kStaticBroker});
  entry.synonyms.push_back({entry.name, std::move(property.default_value), ConfigSource::kDefault});
  return entry;
}

}  // namespace

std::vector<ConfigEntry> topic_config_entries(const TopicConfigs& overrides) {
  std::vector<ConfigEntry> entries;
  for (const auto& definition : topic_config_definitions()) {
    ConfigEntry entry{.name = std::string(definition.name),
                      .value = std::string(definition.default_value),
                      .source = ConfigSource::kDefault,
                      .type = definition.type,
                      .documentation = definition.documentation,
                      .is_read_only = false,
                      .synonyms = {}};
    if (const auto found = overrides.find(definition.name); found != overrides.end()) {
      entry.value = found->second;
      entry.source = ConfigSource::kTopic;
      entry.synonyms.push_back({entry.name, entry.value, ConfigSource::kTopic});
    }
    if (!definition.broker_name.empty())
      entry.synonyms.push_back({std::string(definition.broker_name),
                                std::string(definition.default_value), ConfigSource::kDefault});
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<ConfigEntry> broker_config_entries(const BrokerConfig& config, BrokerId node,
                                               std::string_view listener) {
  std::vector<ConfigEntry> entries;
  for (auto& property : own_properties(config, node, listener))
    entries.push_back(entry_of(std::move(property)));
  for (const auto& definition : topic_config_definitions()) {
    if (definition.broker_name.empty()) continue;
    const std::string value(definition.default_value);
    entries.push_back(entry_of(
        {definition.broker_name, definition.type, value, value, definition.documentation}));
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
  return entries;
}

}  // namespace millrace::broker
