#include "broker/properties/broker_property.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace millrace::broker {

namespace {

using enum PropertyType;
using enum Effect;
using View = const BrokerView&;

constexpr std::string_view kOneProcess = "one process is the whole cluster";
constexpr std::string_view kUp = "millrace up";
constexpr std::string_view kEmbedder = "BrokerConfig";

constexpr Property set_by(std::string_view flag, Property property) {
  property.flag = flag;
  return property;
}

std::string text(std::int64_t number) {
  return fmt::to_string(number);
}
std::string text(std::size_t number) {
  return fmt::to_string(number);
}
std::string text(bool flag) {
  return flag ? "true" : "false";
}
std::string text(Millis time) {
  return fmt::to_string(time.count());
}

// clang-format off
constexpr std::array kBrokerRows{
    BrokerProperty{set_by("--advertise", {"advertised.listeners", kString, "", "Where clients are told to connect; when it was not said, under the address by which they came.", kWorks, kUp}), [](View broker) { return std::string(broker.listener); }},
    BrokerProperty{set_by("--no-auto-create", {"auto.create.topics.enable", kBoolean, "true", "Whether asking for an unknown topic makes it.", kWorks, kUp}), [](View broker) { return text(broker.config.auto_create_topics); }},
    BrokerProperty{{"broker.id", kInt, "-1", "The number of this broker.", kWorks, "the data directory"}, [](View broker) { return fmt::to_string(broker.node); }},
    BrokerProperty{set_by("--rack", {"broker.rack", kString, "", "Where this broker stands, for clients and replicas that prefer what is near or what is elsewhere.", kWorks, kUp}), [](View broker) { return std::string(broker.rack); }},
    BrokerProperty{{"connections.max.idle.ms", kLong, "600000", "When a silent connection is closed, and how long a fetch may wait.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.connections_max_idle); }},
    BrokerProperty{set_by("--replication-factor", {"default.replication.factor", kInt, "1", "Replicas of a topic that does not say; they are names for the one log of this process.", kWorks, kUp}), [](View broker) { return text(std::int64_t{broker.config.replication_factor}); }},
    BrokerProperty{{"delete.topic.enable", kBoolean, "true", "Whether topics may be deleted.", kWorks, "always"}, [](View) { return std::string("true"); }},
    BrokerProperty{{"fetch.max.bytes", kInt, "57671680", "The most that one fetch returns.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.fetch_bytes_max); }},
    BrokerProperty{{"group.consumer.assignors", kList, "uniform,range", "Who deals the partitions of a consumer group; the first one unless its members ask for another.", kWorks, kEmbedder}, [](View broker) { return fmt::format("{}", fmt::join(broker.config.groups.consumer_assignors, ",")); }},
    BrokerProperty{{"group.consumer.heartbeat.interval.ms", kInt, "5000", "How often the members of a consumer group are to be heard.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.groups.consumer_heartbeat_interval); }},
    BrokerProperty{{"group.consumer.max.size", kInt, "2147483647", "The most members of one consumer group.", kWorks, kEmbedder}, [](View broker) { return text(std::int64_t{broker.config.groups.consumer_group_size_max}); }},
    BrokerProperty{{"group.consumer.migration.policy", kString, "bidirectional", "Whether a group with members may go from the classic protocol to the one of consumer groups (upgrade), and back (downgrade).", kWorks, kEmbedder}, [](View broker) { return std::string(migration_policy_name(broker.config.groups.migration_policy)); }},
    BrokerProperty{{"group.consumer.session.timeout.ms", kInt, "45000", "How long a member of a consumer group may be silent.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.groups.consumer_session_timeout); }},
    BrokerProperty{{"group.coordinator.rebalance.protocols", kList, "classic,consumer", "The protocols that groups may speak.", kHolds, "both are always served"}, [](View) { return std::string("classic,consumer"); }},
    BrokerProperty{{"group.initial.rebalance.delay.ms", kInt, "0", "How long a new group waits for more members.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.groups.initial_rebalance_delay); }},
    BrokerProperty{{"group.max.session.timeout.ms", kInt, "1800000", "The longest session a member may ask for.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.groups.session_timeout_max); }},
    BrokerProperty{{"group.max.size", kInt, "2147483647", "The most members of one group.", kWorks, kEmbedder}, [](View broker) { return text(std::int64_t{broker.config.groups.group_size_max}); }},
    BrokerProperty{{"group.min.session.timeout.ms", kInt, "10", "The shortest session a member may ask for.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.groups.session_timeout_min); }},
    BrokerProperty{set_by("--kafka", {"listeners", kString, "PLAINTEXT://:9092", "Where this broker listens.", kWorks, kUp}), [](View broker) { return std::string(broker.listener); }},
    BrokerProperty{{"log.cleaner.backoff.ms", kLong, "15000", "How long the log cleaner rests when no log is dirty enough.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.cleaner_backoff); }},
    BrokerProperty{{"log.cleaner.dedupe.buffer.size", kLong, "134217728", "The most memory for the keys of the log that is compacted, 32 bytes a key; taken for as many records as there are.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.cleaner_dedupe_bytes_max); }},
    BrokerProperty{{"log.cleaner.enable", kBoolean, "true", "Whether logs are compacted.", kWorks, "always"}, [](View) { return std::string("true"); }},
    BrokerProperty{{"log.cleaner.threads", kInt, "1", "Threads that compact logs.", kHolds, "one log after another is compacted"}, [](View) { return std::string("1"); }},
    BrokerProperty{set_by("--data", {"log.dir", kString, "", "Where the logs lie.", kWorks, kUp}), [](View broker) { return broker.config.data_directory; }},
    BrokerProperty{set_by("--data", {"log.dirs", kString, "", "Where the logs lie.", kWorks, kUp}), [](View broker) { return broker.config.data_directory; }},
    BrokerProperty{{"log.flush.offset.checkpoint.interval.ms", kInt, "60000", "How often the last offset known to be on disk is written down.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.recovery_point_interval); }},
    BrokerProperty{{"log.retention.check.interval.ms", kLong, "300000", "How often old segments are looked for.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.log_retention_check_interval); }},
    BrokerProperty{{"max.incremental.fetch.session.cache.slots", kInt, "1000", "How many fetch sessions are kept.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.fetch_sessions.sessions_max); }},
    BrokerProperty{{"node.id", kInt, "1", "The number of this node.", kWorks, "the data directory"}, [](View broker) { return fmt::to_string(broker.node); }},
    BrokerProperty{set_by("--loops", {"num.network.threads", kInt, "1", "Event loops that serve connections.", kWorks, kUp}), [](View broker) { return text(std::int64_t{std::max(broker.config.loops, 1)}); }},
    BrokerProperty{set_by("--partitions", {"num.partitions", kInt, "1", "Partitions of a topic that does not say.", kWorks, kUp}), [](View broker) { return text(std::int64_t{broker.config.num_partitions}); }},
    BrokerProperty{{"offset.metadata.max.bytes", kInt, "4096", "The longest note that may be kept with an offset.", kWorks, kEmbedder}, [](View broker) { return text(std::int64_t{broker.config.groups.offset_metadata_bytes_max}); }},
    BrokerProperty{{"offsets.retention.minutes", kInt, "10080", "How long offsets of an empty group are kept.", kWorks, kEmbedder}, [](View broker) { return text(std::int64_t{std::chrono::duration_cast<std::chrono::minutes>(broker.config.groups.offsets_retention).count()}); }},
    BrokerProperty{{"offsets.topic.num.partitions", kInt, "4", "Partitions of __consumer_offsets.", kWorks, kEmbedder}, [](View broker) { return text(std::int64_t{broker.config.offsets_partitions}); }},
    BrokerProperty{set_by("--brokers", {"offsets.topic.replication.factor", kShort, "1", "Replicas of __consumer_offsets: one for each broker of the process, but 3 at most.", kWorks, kUp}), [](View broker) { return text(std::int64_t{std::min(broker.config.brokers, 3)}); }},
    BrokerProperty{{"process.roles", kList, "broker,controller", "What this node does in the cluster: all of it.", kHolds, kOneProcess}, [](View) { return std::string("broker,controller"); }},
    BrokerProperty{{"producer.id.expiration.ms", kInt, "86400000", "How long an idempotent producer may be silent before it is forgotten.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.producer_id_expiration); }},
    BrokerProperty{{"socket.request.max.bytes", kInt, "104857600", "The largest request that is read.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.request_bytes_max); }},
    BrokerProperty{{"socket.send.buffer.bytes", kInt, "262144", "SO_SNDBUF of a connection; 0 is the system's choice.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.send_buffer_bytes); }},
    BrokerProperty{{"transaction.max.timeout.ms", kInt, "900000", "The longest a transaction may stay open.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.transactions.timeout_max); }},
    BrokerProperty{{"transaction.remove.expired.transaction.cleanup.interval.ms", kInt, "3600000", "How often transactional ids that nobody uses are looked for.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.transactions.id_expiration_check_interval); }},
    BrokerProperty{{"transaction.state.log.num.partitions", kInt, "4", "Partitions of __transaction_state.", kWorks, kEmbedder}, [](View broker) { return text(std::int64_t{broker.config.transactions_partitions}); }},
    BrokerProperty{set_by("--brokers", {"transaction.state.log.replication.factor", kShort, "1", "Replicas of __transaction_state: one for each broker of the process, but 3 at most.", kWorks, kUp}), [](View broker) { return text(std::int64_t{std::min(broker.config.brokers, 3)}); }},
    BrokerProperty{{"transactional.id.expiration.ms", kInt, "604800000", "How long a transactional id may be unused before it is forgotten.", kWorks, kEmbedder}, [](View broker) { return text(broker.config.transactions.id_expiration); }},
};
// clang-format on

}  // namespace

std::span<const BrokerProperty> broker_property_rows() {
  return kBrokerRows;
}

std::vector<Property> broker_properties() {
  std::vector<Property> properties;
  for (const BrokerProperty& row : kBrokerRows) properties.push_back(row.about);
  return properties;
}

}  // namespace millrace::broker
