#include "broker/properties/broker_property.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <type_traits>

#include "broker/fetching/replica_selection.h"

namespace millrace::broker {

namespace {

using enum PropertyType;
using enum Effect;
using View = const BrokerView&;

constexpr std::string_view kOneProcess = "one process is the whole cluster";
constexpr std::string_view kUp = "millrace up";
constexpr std::string_view kEmbedder = "millrace up --config";
constexpr std::string_view kProgram = "BrokerConfig";  // of a program that embeds the broker

constexpr Property set_by(std::string_view flag, Property property) {
  property.flag = flag;
  return property;
}

constexpr Property one_of(std::string_view choices, Property property) {
  property.choices = choices;
  return property;
}

constexpr Property dynamic(Property property) {
  property.is_dynamic = true;
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
std::string text(const std::string& value) {
  return value;
}
std::string text(std::int32_t number) {
  return fmt::to_string(number);
}

/// The part of the configuration that has a member.
template <class C>
C& part_of(BrokerConfig& config) {
  if constexpr (std::is_same_v<C, GroupConfig>) {
    return config.groups;
  } else if constexpr (std::is_same_v<C, TransactionConfig>) {
    return config.transactions;
  } else {
    return config;
  }
}
template <class C>
const C& part_of(const BrokerConfig& config) {
  return part_of<C>(const_cast<BrokerConfig&>(config));  // NOLINT: made const again
}

struct Shower {
  View broker;

  std::string operator()(std::string (*show)(View)) const { return show(broker); }
  std::string operator()(Minutes minutes) const {
    const Millis time = broker.config.groups.*minutes.member;
    return fmt::to_string(std::chrono::duration_cast<std::chrono::minutes>(time).count());
  }
  template <class T, class C>
  std::string operator()(T C::*member) const {
    return text(part_of<C>(broker.config).*member);
  }
};

/// Puts a value that was checked where the configuration keeps it.
struct Keeper {
  BrokerConfig& config;
  std::string_view value;

  std::int64_t number() const {
    std::int64_t parsed = 0;
    std::from_chars(value.data(), value.data() + value.size(), parsed);
    return parsed;
  }
  void operator()(std::string (*)(View)) const {}
  void operator()(Minutes minutes) const {
    config.groups.*minutes.member = std::chrono::minutes{number()};
  }
  template <class C>
  void operator()(bool C::*member) const {
    part_of<C>(config).*member = value == "true";
  }
  template <class C>
  void operator()(std::string C::*member) const {
    part_of<C>(config).*member = std::string(value);
  }
  template <class T, class C>
  void operator()(T C::*member) const {
    part_of<C>(config).*member = static_cast<T>(number());
  }
};

// clang-format off
constexpr std::array kBrokerRows{
    BrokerProperty{set_by("--advertise", {"advertised.listeners", kString, "", "Where clients are told to connect; when it was not said, under the address by which they came.", kWorks, kUp}), [](View broker) { return std::string(broker.listener); }},
    BrokerProperty{{"authorizer.class.name", kString, "", "Who decides what clients may do; without one everybody may everything.", kHolds, "there are no users"}, [](View) { return std::string(""); }},
    BrokerProperty{set_by("--no-auto-create", {"auto.create.topics.enable", kBoolean, "true", "Whether asking for an unknown topic makes it.", kWorks, kUp}), &BrokerConfig::auto_create_topics},
    BrokerProperty{{"auto.leader.rebalance.enable", kBoolean, "true", "Whether leadership goes back to the preferred replica.", kHolds, kOneProcess}, [](View) { return std::string("true"); }},
    BrokerProperty{{"broker.id", kInt, "-1", "The number of this broker.", kWorks, "the data directory"}, [](View broker) { return fmt::to_string(broker.node); }},
    BrokerProperty{set_by("--rack", {"broker.rack", kString, "", "Where this broker stands, for clients and replicas that prefer what is near or what is elsewhere.", kWorks, kUp}), [](View broker) { return std::string(broker.rack); }},
    BrokerProperty{{"connections.max.idle.ms", kLong, "600000", "When a silent connection is closed, and how long a fetch may wait.", kWorks, kEmbedder, {}, 1}, &BrokerConfig::connections_max_idle},
    BrokerProperty{{"connections.max.reauth.ms", kLong, "0", "How long an authentication lasts; 0 for ever.", kHolds, "there are no users"}, [](View) { return std::string("0"); }},
    BrokerProperty{{"controlled.shutdown.enable", kBoolean, "true", "Whether leadership moves before the broker stops.", kHolds, kOneProcess}, [](View) { return std::string("true"); }},
    BrokerProperty{set_by("--replication-factor", {"default.replication.factor", kInt, "1", "Replicas of a topic that does not say; they are names for the one log of this process.", kWorks, kUp}), [](View broker) { return text(std::int64_t{broker.config.replication_factor}); }},
    BrokerProperty{{"delete.topic.enable", kBoolean, "true", "Whether topics may be deleted.", kWorks, "always"}, [](View) { return std::string("true"); }},
    BrokerProperty{{"fetch.max.bytes", kInt, "57671680", "The most that one fetch returns.", kWorks, kEmbedder, {}, 1024}, &BrokerConfig::fetch_bytes_max},
    BrokerProperty{{"group.consumer.assignors", kList, "uniform,range", "Who deals the partitions of a consumer group; the first one unless its members ask for another.", kWorks, kProgram}, [](View broker) { return fmt::format("{}", fmt::join(broker.config.groups.consumer_assignors, ",")); }},
    BrokerProperty{{"group.consumer.heartbeat.interval.ms", kInt, "5000", "How often the members of a consumer group are to be heard.", kWorks, kEmbedder, {}, 1}, &GroupConfig::consumer_heartbeat_interval},
    BrokerProperty{{"group.consumer.max.heartbeat.interval.ms", kInt, "15000", "The longest heartbeat interval that may be set of a group.", kWorks, "the change of a group's properties"}, [](View) { return std::string("15000"); }},
    BrokerProperty{{"group.consumer.max.session.timeout.ms", kInt, "60000", "The longest session that may be set of a group.", kWorks, "the change of a group's properties"}, [](View) { return std::string("60000"); }},
    BrokerProperty{{"group.consumer.max.size", kInt, "2147483647", "The most members of one consumer group.", kWorks, kEmbedder, {}, 1}, &GroupConfig::consumer_group_size_max},
    BrokerProperty{{"group.consumer.migration.policy", kString, "bidirectional", "Whether a group with members may go from the classic protocol to the one of consumer groups (upgrade), and back (downgrade).", kWorks, kProgram}, [](View broker) { return std::string(migration_policy_name(broker.config.groups.migration_policy)); }},
    BrokerProperty{{"group.consumer.min.heartbeat.interval.ms", kInt, "5000", "The shortest heartbeat interval that may be set of a group.", kWorks, "the change of a group's properties"}, [](View) { return std::string("5000"); }},
    BrokerProperty{{"group.consumer.min.session.timeout.ms", kInt, "45000", "The shortest session that may be set of a group.", kWorks, "the change of a group's properties"}, [](View) { return std::string("45000"); }},
    BrokerProperty{{"group.consumer.session.timeout.ms", kInt, "45000", "How long a member of a consumer group may be silent.", kWorks, kEmbedder, {}, 1}, &GroupConfig::consumer_session_timeout},
    BrokerProperty{{"group.coordinator.rebalance.protocols", kList, "classic,consumer", "The protocols that groups may speak.", kHolds, "both are always served"}, [](View) { return std::string("classic,consumer"); }},
    BrokerProperty{{"group.initial.rebalance.delay.ms", kInt, "0", "How long a new group waits for more members.", kWorks, kEmbedder, {}, 0}, &GroupConfig::initial_rebalance_delay},
    BrokerProperty{{"group.max.session.timeout.ms", kInt, "1800000", "The longest session a member may ask for.", kWorks, kEmbedder, {}, 1}, &GroupConfig::session_timeout_max},
    BrokerProperty{{"group.max.size", kInt, "2147483647", "The most members of one group.", kWorks, kEmbedder, {}, 1}, &GroupConfig::group_size_max},
    BrokerProperty{{"group.min.session.timeout.ms", kInt, "6000", "The shortest session a member may ask for.", kWorks, kEmbedder, {}, 1}, &GroupConfig::session_timeout_min},
    BrokerProperty{set_by("--kafka", {"listeners", kString, "PLAINTEXT://:9092", "Where this broker listens.", kWorks, kUp}), [](View broker) { return std::string(broker.listener); }},
    BrokerProperty{dynamic({"log.cleaner.backoff.ms", kLong, "15000", "How long the log cleaner rests when no log is dirty enough.", kWorks, kEmbedder, {}, 1}), &BrokerConfig::cleaner_backoff},
    BrokerProperty{dynamic({"log.cleaner.dedupe.buffer.size", kLong, "134217728", "The most memory for the keys of the log that is compacted, 32 bytes a key; taken for as many records as there are.", kWorks, kEmbedder, {}, 1}), &BrokerConfig::cleaner_dedupe_bytes_max},
    BrokerProperty{{"log.cleaner.enable", kBoolean, "true", "Whether logs are compacted.", kWorks, "always"}, [](View) { return std::string("true"); }},
    BrokerProperty{{"log.cleaner.threads", kInt, "1", "Threads that compact logs.", kHolds, "one log after another is compacted"}, [](View) { return std::string("1"); }},
    BrokerProperty{set_by("--data", {"log.dir", kString, "", "Where the logs lie.", kWorks, kUp}), [](View broker) { return broker.config.data_directory; }},
    BrokerProperty{set_by("--data", {"log.dirs", kString, "", "Where the logs lie.", kWorks, kUp}), [](View broker) { return broker.config.data_directory; }},
    BrokerProperty{{"log.flush.offset.checkpoint.interval.ms", kInt, "60000", "How often the last offset known to be on disk is written down.", kWorks, kEmbedder, {}, 1}, &BrokerConfig::recovery_point_interval},
    BrokerProperty{{"log.retention.check.interval.ms", kLong, "300000", "How often old segments are looked for.", kWorks, kEmbedder, {}, 1}, &BrokerConfig::log_retention_check_interval},
    BrokerProperty{{"max.connections", kInt, "2147483647", "The most connections.", kHolds, "nothing but the system limits them"}, [](View) { return std::string("2147483647"); }},
    BrokerProperty{{"max.connections.per.ip", kInt, "2147483647", "The most connections from one address.", kHolds, "nothing but the system limits them"}, [](View) { return std::string("2147483647"); }},
    BrokerProperty{{"max.incremental.fetch.session.cache.slots", kInt, "1000", "How many fetch sessions are kept.", kWorks, kProgram}, [](View broker) { return text(broker.config.fetch_sessions.sessions_max); }},
    BrokerProperty{dynamic({kStoppedBrokers, kList, "", "Brokers of this process that are stopped: their clients lose them, and what they led is led by others. Taken off the list they run again; so do all when the process starts.", kWorks, "millrace cluster stop"}), [](View) { return std::string(); }},
    BrokerProperty{{"node.id", kInt, "1", "The number of this node.", kWorks, "the data directory"}, [](View broker) { return fmt::to_string(broker.node); }},
    BrokerProperty{set_by("--loops", {"num.network.threads", kInt, "1", "Event loops that serve connections.", kWorks, kUp}), [](View broker) { return text(std::int64_t{std::max(broker.config.loops, 1)}); }},
    BrokerProperty{set_by("--partitions", {"num.partitions", kInt, "1", "Partitions of a topic that does not say.", kWorks, kUp, {}, 1}), &BrokerConfig::num_partitions},
    BrokerProperty{{"num.recovery.threads.per.data.dir", kInt, "2", "Threads that open the logs at the start, and close them at the end.", kWorks, kEmbedder, {}, 1}, &BrokerConfig::recovery_threads},
    BrokerProperty{{"offset.metadata.max.bytes", kInt, "4096", "The longest note that may be kept with an offset.", kWorks, kEmbedder, {}, 0}, &GroupConfig::offset_metadata_bytes_max},
    BrokerProperty{{"offsets.retention.check.interval.ms", kLong, "600000", "How often offsets that nobody uses are looked for.", kWorks, kEmbedder, {}, 1}, &GroupConfig::offsets_retention_check_interval},
    BrokerProperty{{"offsets.retention.minutes", kInt, "10080", "How long offsets of an empty group are kept.", kWorks, kEmbedder, {}, 1}, Minutes{&GroupConfig::offsets_retention}},
    BrokerProperty{{"offsets.topic.compression.codec", kInt, "0", "The codec of __consumer_offsets; 0 is none.", kHolds, "commits are written uncompressed"}, [](View) { return std::string("0"); }},
    BrokerProperty{{"offsets.topic.num.partitions", kInt, "4", "Partitions of __consumer_offsets.", kWorks, kEmbedder, {}, 1}, &BrokerConfig::offsets_partitions},
    BrokerProperty{set_by("--brokers", {"offsets.topic.replication.factor", kShort, "1", "Replicas of __consumer_offsets: one for each broker of the process, but 3 at most.", kWorks, kUp}), [](View broker) { return text(std::int64_t{std::min(broker.config.brokers, 3)}); }},
    BrokerProperty{{"offsets.topic.segment.bytes", kInt, "104857600", "The size of a segment of __consumer_offsets.", kWorks, "the topic, when it is made"}, [](View) { return std::string("104857600"); }},
    BrokerProperty{{"process.roles", kList, "broker,controller", "What this node does in the cluster: all of it.", kHolds, kOneProcess}, [](View) { return std::string("broker,controller"); }},
    BrokerProperty{dynamic({"producer.id.expiration.ms", kInt, "86400000", "How long an idempotent producer may be silent before it is forgotten.", kWorks, kEmbedder, {}, 1}), &BrokerConfig::producer_id_expiration},
    BrokerProperty{{"quota.window.num", kInt, "11", "Samples over which a client's rate is counted, one of them not full.", kWorks, "the quotas: who was silent may send what 10 seconds are worth"}, [](View) { return std::string("11"); }},
    BrokerProperty{{"quota.window.size.seconds", kInt, "1", "The time of one sample.", kWorks, "the quotas"}, [](View) { return std::string("1"); }},
    BrokerProperty{{"remote.log.storage.system.enable", kBoolean, "false", "Whether there is tiered storage.", kHolds, "there is none"}, [](View) { return std::string("false"); }},
    BrokerProperty{one_of(kRackAwareSelector, {"replica.selector.class", kString, "", "org.apache.kafka.common.replica.RackAwareReplicaSelector sends clients that say in which rack they are (client.rack) to a replica there; without it they read from leaders.", kWorks, kEmbedder}), &BrokerConfig::replica_selector},
    BrokerProperty{{"security.inter.broker.protocol", kString, "PLAINTEXT", "How brokers speak with each other.", kHolds, kOneProcess}, [](View) { return std::string("PLAINTEXT"); }},
    BrokerProperty{{"socket.request.max.bytes", kInt, "104857600", "The largest request that is read.", kWorks, kEmbedder, {}, 1}, &BrokerConfig::request_bytes_max},
    BrokerProperty{{"socket.send.buffer.bytes", kInt, "262144", "SO_SNDBUF of a connection; 0 is the system's choice.", kWorks, kEmbedder, {}, 0}, &BrokerConfig::send_buffer_bytes},
    BrokerProperty{{"transaction.abort.timed.out.transaction.cleanup.interval.ms", kInt, "10000", "How often transactions whose time is over are looked for.", kHolds, "each has a timer of its own"}, [](View) { return std::string("10000"); }},
    BrokerProperty{{"transaction.max.timeout.ms", kInt, "900000", "The longest a transaction may stay open.", kWorks, kEmbedder, {}, 1}, &TransactionConfig::timeout_max},
    BrokerProperty{{"transaction.partition.verification.enable", kBoolean, "true", "Whether the coordinator is asked before a transactional batch is appended.", kWorks, "always"}, [](View) { return std::string("true"); }},
    BrokerProperty{{"transaction.remove.expired.transaction.cleanup.interval.ms", kInt, "3600000", "How often transactional ids that nobody uses are looked for.", kWorks, kEmbedder, {}, 1}, &TransactionConfig::id_expiration_check_interval},
    BrokerProperty{{"transaction.state.log.min.isr", kInt, "1", "Replicas that must hold a change of a transaction.", kHolds, kOneProcess}, [](View) { return std::string("1"); }},
    BrokerProperty{{"transaction.state.log.num.partitions", kInt, "4", "Partitions of __transaction_state.", kWorks, kEmbedder, {}, 1}, &BrokerConfig::transactions_partitions},
    BrokerProperty{set_by("--brokers", {"transaction.state.log.replication.factor", kShort, "1", "Replicas of __transaction_state: one for each broker of the process, but 3 at most.", kWorks, kUp}), [](View broker) { return text(std::int64_t{std::min(broker.config.brokers, 3)}); }},
    BrokerProperty{{"transaction.state.log.segment.bytes", kInt, "104857600", "The size of a segment of __transaction_state.", kWorks, "the topic, when it is made"}, [](View) { return std::string("104857600"); }},
    BrokerProperty{{"transaction.two.phase.commit.enable", kBoolean, "false", "Whether transactions may be prepared by others.", kHolds, "they may not"}, [](View) { return std::string("false"); }},
    BrokerProperty{{"transactional.id.expiration.ms", kInt, "604800000", "How long a transactional id may be unused before it is forgotten.", kWorks, kEmbedder, {}, 1}, &TransactionConfig::id_expiration},
};
// clang-format on

}  // namespace

std::span<const BrokerProperty> broker_property_rows() {
  return kBrokerRows;
}

const BrokerProperty* find_broker_property(std::string_view name) {
  const auto* const found =
      std::find_if(kBrokerRows.begin(), kBrokerRows.end(),
                   [&](const BrokerProperty& each) { return each.about.name == name; });
  return found == kBrokerRows.end() ? nullptr : found;
}

std::string BrokerProperty::value(const BrokerView& broker) const {
  return std::visit(Shower{broker}, setting);
}

void BrokerProperty::keep(BrokerConfig& config, std::string_view value) const {
  std::visit(Keeper{config, value}, setting);
}

std::vector<Property> broker_properties() {
  std::vector<Property> properties;
  for (const BrokerProperty& row : kBrokerRows) properties.push_back(row.about);
  return properties;
}

}  // namespace millrace::broker
