// source  Kafka, GroupMetadataManager, ConsumerGroup and ClassicGroup; KIP-848

#include "broker/groups/consumer/conversion.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/probe.h"
#include "broker/groups/consumer/consumer_records.h"
#include "broker/groups/consumer/consumer_turn.h"
#include "broker/groups/coordinator/rebalance.h"
#include "broker/groups/offsets/log_records.h"
#include "wire/consumer_protocol.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;

Error cannot_upgrade(const std::string& group_id, std::string_view why) {
  return wire::make_error(KafkaError::kGroupIdNotFound,
                          fmt::format("group {} is no consumer group, and {}", group_id, why));
}

Partitions read_classic_assignment(const std::string& bytes, const GroupTopics& topics) {
  Partitions partitions;
  const auto assignment = wire::decode_assignment(bytes);
  // What a leader dealt is opaque, and need not be readable; then the member begins with nothing.
  if (!assignment.ok()) return partitions;
  for (const auto& of_topic : assignment->assigned_partitions) {
    const GroupTopics::Topic* const topic = topics.find(of_topic.topic);
    if (topic == nullptr) continue;
    for (const std::int32_t partition : of_topic.partitions) {
      partitions.insert({topic->id, partition});
    }
  }
  return partitions;
}

/// What the member is in a consumer group whose epoch is the generation.
Result<ConsumerMember> upgraded_member(const Member& member, const Group& group,
                                       const GroupTopics& topics) {
  const std::string* metadata =
      group.protocol_name() ? member.metadata(*group.protocol_name()) : nullptr;
  if (metadata == nullptr) metadata = &member.protocols.front().metadata;
  auto said = wire::decode_subscription(*metadata);
  if (!said.ok()) return std::move(said).error();
  ConsumerMember upgraded;
  upgraded.id = member.id;
  upgraded.instance_id = member.instance_id;
  upgraded.rack_id = std::move(said->rack_id);
  upgraded.client_id = member.client_id;
  upgraded.client_host = member.client_host;
  upgraded.rebalance_timeout = member.rebalance_timeout;
  upgraded.topics = {said->topics.begin(), said->topics.end()};
  upgraded.classic = ClassicMembership{member.session_timeout, member.protocols};
  upgraded.epoch = upgraded.previous_epoch = group.generation();
  for (const TopicIdPartition& partition : read_classic_assignment(member.assignment, topics)) {
    upgraded.assigned.emplace(partition, group.generation());
  }
  return upgraded;
}

bool allows_upgrade(MigrationPolicy policy) {
  return policy == MigrationPolicy::kUpgrade || policy == MigrationPolicy::kBidirectional;
}
bool allows_downgrade(MigrationPolicy policy) {
  return policy == MigrationPolicy::kDowngrade || policy == MigrationPolicy::kBidirectional;
}

/// Whether all are members of the classic protocol, and know one way to divide partitions.
bool share_a_protocol(const ConsumerGroup& group) {
  const auto knows = [](const ConsumerMember& member, const std::string& name) {
    const auto& protocols = member.classic->protocols;
    return std::any_of(protocols.begin(), protocols.end(),
                       [&](const MemberProtocol& known) { return known.name == name; });
  };
  const auto is_classic = [](const auto& entry) { return entry.second.classic.has_value(); };
  const auto& members = group.members();
  if (!std::all_of(members.begin(), members.end(), is_classic)) return false;
  const auto& wished = members.begin()->second.classic->protocols;
  return std::any_of(wished.begin(), wished.end(), [&](const MemberProtocol& wish) {
    return std::all_of(members.begin(), members.end(),
                       [&](const auto& entry) { return knows(entry.second, wish.name); });
  });
}

void send_all_back_to_join(Turn& turn, Group& group) {
  for (auto& [id, member] : group.members()) {
    fail_waiting_join(turn, member, KafkaError::kRebalanceInProgress, id);
    fail_waiting_sync(turn, member, KafkaError::kRebalanceInProgress);
  }
  for (const TimerKind kind : {TimerKind::kInitialDelay, TimerKind::kRejoin, TimerKind::kSync}) {
    turn.state.timers.cancel({kind, group.id(), {}});
  }
}

Member downgraded_member(const ConsumerMember& member) {
  Member classic;
  classic.id = member.id;
  classic.instance_id = member.instance_id;
  classic.client_id = member.client_id;
  classic.client_host = member.client_host;
  classic.session_timeout = member.classic->session_timeout;
  classic.rebalance_timeout = member.rebalance_timeout;
  classic.protocol_type = kConsumerProtocolType;
  classic.protocols = member.classic->protocols;
  return classic;
}

std::int16_t version_of_subscription(const std::string& subscription) {
  const auto byte = [&](std::size_t at) {
    return at < subscription.size() ? static_cast<unsigned char>(subscription[at]) : 0U;
  };
  const unsigned version = byte(0) << 8U | byte(1);
  return static_cast<std::int16_t>(
      std::min(version, static_cast<unsigned>(wire::ConsumerProtocolAssignment::kVersions.max)));
}

/// The classic group that is left of it; its members have what their targets say.
std::unique_ptr<Group> classic_group_of(const Turn& turn, const ConsumerGroup& from) {
  auto group = std::make_unique<Group>(from.id());
  for (const auto& [id, member] : from.members()) group->add(downgraded_member(member));
  Group::Restored restored;
  restored.generation = from.epoch();
  restored.protocol_type = kConsumerProtocolType;
  restored.protocol_name = group->select_protocol();
  restored.leader = group->leader();
  restored.state_since = turn.now.wall;
  for (const auto& [id, member] : group->members()) {
    Member& copied = restored.members.emplace_back(member);
    copied.assignment = encode_classic_assignment(from.target(id), *turn.state.topics,
                                                  *member.metadata(*restored.protocol_name));
  }
  const bool is_sound = group->restore(std::move(restored));
  CHECK(is_sound, "group {} cannot be a classic one", from.id());
  return group;
}

}  // namespace

Result<ConsumerGroup*> upgrade(Turn& turn, const std::string& group_id) {
  Group& classic = *turn.find_group(group_id);
  const GroupConfig& config = turn.state.config;
  if (!allows_upgrade(config.migration_policy)) {
    return cannot_upgrade(group_id, "group.consumer.migration.policy does not make one of it");
  }
  if (classic.protocol_type() != kConsumerProtocolType) {
    return cannot_upgrade(group_id, "its members are no consumers");
  }
  if (classic.generation() == INT32_MAX) return cannot_upgrade(group_id, "it is too old for that");
  if (classic.members().size() > static_cast<std::size_t>(config.consumer_group_size_max)) {
    return cannot_upgrade(group_id, "it has more members than group.consumer.max.size");
  }
  auto made = std::make_unique<ConsumerGroup>(group_id);
  made->begin_at(classic.generation());
  for (const auto& [id, member] : classic.members()) {
    auto upgraded = upgraded_member(member, classic, *turn.state.topics);
    if (!upgraded.ok()) return cannot_upgrade(group_id, "what its members said cannot be read");
    // A leader may deal a partition twice: the first one keeps it.
    std::erase_if(upgraded->assigned,
                  [&](const auto& item) { return made->owner(item.first) != nullptr; });
    Partitions target;
    for (const auto& [partition, epoch] : upgraded->assigned) target.insert(partition);
    made->put(std::move(upgraded).value());
    made->set_target(id, std::move(target));
  }
  PROBE("broker: a classic group became a consumer group");
  LOG_INFO("classic group becomes a consumer group",
           {{"group", group_id}, {"members", made->members().size()}});
  made->unwritten.classic_group = classic.is_logged;
  send_all_back_to_join(turn, classic);
  turn.state.groups.erase(group_id);
  ConsumerGroup& group = *made;
  turn.state.consumer_groups.emplace(group_id, std::move(made));
  for (const auto& [id, member] : group.members()) expect_consumer_heartbeat(turn, group, member);
  return &group;
}

bool may_downgrade(const Turn& turn, const ConsumerGroup& group) {
  const auto size_max = static_cast<std::size_t>(std::max(turn.state.config.group_size_max, 0));
  return !group.is_empty() && group.members().size() <= size_max &&
         allows_downgrade(turn.state.config.migration_policy) && share_a_protocol(group);
}

void downgrade(Turn& turn, const ConsumerGroup& group, AfterDowngrade then,
               std::optional<GroupReply> reply) {
  PROBE("broker: a consumer group became a classic group");
  LOG_INFO("consumer group becomes a classic group", {{"group", group.id()}});
  auto classic = classic_group_of(turn, group);
  const std::string group_id = group.id();
  std::map<std::string, std::string> assignments;
  for (const auto& [id, member] : classic->members()) assignments[id] = member.assignment;
  std::vector<LogRecord> records = tombstones_of_all(group);
  records.push_back(group_record(*classic, assignments));
  ConsumerGroupStored stored;
  if (reply) stored.replies.push_back(*std::move(reply));
  turn.append(group_id, std::move(records), std::move(stored));

  for (const auto& [id, member] : group.members()) cancel_member_timers(turn, group, id);
  turn.state.consumer_groups.erase(group_id);
  Group& left = *turn.state.groups.emplace(group_id, std::move(classic)).first->second;
  for (const auto& [id, member] : left.members()) turn.expect_heartbeat(left, member);
  if (then == AfterDowngrade::kRebalance) begin_rebalance(turn, left, "it was a consumer group");
}

std::string encode_classic_assignment(const Partitions& partitions, const GroupTopics& topics,
                                      const std::string& subscription) {
  wire::ConsumerProtocolAssignment assignment;
  for (const TopicIdPartition& partition : partitions) {
    const std::string* const name = topics.name_of(partition.topic_id);
    if (name == nullptr) continue;
    auto& listed = assignment.assigned_partitions;
    if (listed.empty() || listed.back().topic != *name) listed.push_back({*name, {}});
    listed.back().partitions.push_back(partition.partition);
  }
  auto bytes = wire::encode_assignment(assignment, version_of_subscription(subscription));
  CHECK(bytes.ok(), "an assignment does not encode: {}", bytes.error().to_string());
  return std::move(bytes).value();
}

}  // namespace millrace::broker
