#include "broker/groups/consumer/consumer_records.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "broker/groups/offsets/log_records.h"
#include "wire/consumer_group_records.h"

namespace millrace::broker {

namespace {

template <class M>
std::string encoded_part(const M& key_or_value) {
  auto bytes = wire::encode_consumer_group_record(key_or_value);
  CHECK(bytes.ok(), "a record of a consumer group does not encode: {}", bytes.error().to_string());
  return std::move(bytes).value();
}

template <class Key>
LogRecord keyed_tombstone(const Key& key) {
  return {encoded_part(key), std::nullopt};
}

template <class Key, class Value>
LogRecord keyed_record(const Key& key, const Value& value) {
  return {encoded_part(key), encoded_part(value)};
}

std::vector<std::string> list_of(const std::set<std::string>& names) {
  return {names.begin(), names.end()};
}

wire::ConsumerGroupMemberMetadataValue said_by(const ConsumerMember& member) {
  wire::ConsumerGroupMemberMetadataValue value;
  value.instance_id = member.instance_id;
  value.rack_id = member.rack_id;
  value.client_id = member.client_id;
  value.client_host = member.client_host;
  value.subscribed_topic_names = list_of(member.topics);
  value.subscribed_topic_regex = member.regex;
  value.rebalance_timeout_ms = static_cast<std::int32_t>(member.rebalance_timeout.count());
  value.server_assignor = member.assignor;
  value.classic_member_metadata.reset();
  if (member.classic) {
    auto& classic = value.classic_member_metadata.emplace();
    classic.session_timeout_ms = static_cast<std::int32_t>(member.classic->session_timeout.count());
    for (const MemberProtocol& protocol : member.classic->protocols) {
      classic.supported_protocols.push_back({protocol.name, protocol.metadata});
    }
  }
  return value;
}

using LoggedPartitions = wire::ConsumerGroupCurrentMemberAssignmentValue::TopicPartitions;

std::vector<LoggedPartitions> logged_partitions(const OwnedPartitions& owned) {
  auto topics = by_topic<LoggedPartitions>(owned);
  auto item = owned.begin();
  for (LoggedPartitions& topic : topics) {
    topic.assignment_epochs.emplace();
    for (std::size_t i = 0; i < topic.partitions.size(); ++i, ++item) {
      topic.assignment_epochs->push_back(item->second);
    }
  }
  return topics;
}

wire::ConsumerGroupCurrentMemberAssignmentValue assignment_of(const ConsumerMember& member) {
  wire::ConsumerGroupCurrentMemberAssignmentValue value;
  value.member_epoch = member.epoch;
  value.previous_member_epoch = member.previous_epoch;
  value.state = static_cast<std::int8_t>(member.state);
  value.assigned_partitions = logged_partitions(member.assigned);
  value.partitions_pending_revocation = logged_partitions(member.to_revoke);
  return value;
}

LogRecord member_record(const ConsumerGroup& group, const std::string& member_id) {
  const wire::ConsumerGroupMemberMetadataKey key{group.id(), member_id};
  const ConsumerMember* const member = group.find(member_id);
  return member == nullptr ? keyed_tombstone(key) : keyed_record(key, said_by(*member));
}

LogRecord target_record(const ConsumerGroup& group, const std::string& member_id) {
  const wire::ConsumerGroupTargetAssignmentMemberKey key{group.id(), member_id};
  if (group.find(member_id) == nullptr) return keyed_tombstone(key);
  using Value = wire::ConsumerGroupTargetAssignmentMemberValue;
  return keyed_record(key, Value{by_topic<Value::TopicPartition>(group.target(member_id))});
}

LogRecord assignment_record(const ConsumerGroup& group, const std::string& member_id) {
  const wire::ConsumerGroupCurrentMemberAssignmentKey key{group.id(), member_id};
  const ConsumerMember* const member = group.find(member_id);
  return member == nullptr ? keyed_tombstone(key) : keyed_record(key, assignment_of(*member));
}

LogRecord regex_record(const ConsumerGroup& group, const std::string& regex) {
  const wire::ConsumerGroupRegularExpressionKey key{group.id(), regex};
  const auto found = group.regexes().find(regex);
  if (found == group.regexes().end()) return keyed_tombstone(key);
  wire::ConsumerGroupRegularExpressionValue value;
  value.topics = list_of(found->second.topics);
  value.version = static_cast<std::int64_t>(found->second.topics_version);
  value.timestamp = found->second.resolved_at.value();
  return keyed_record(key, value);
}

LogRecord epoch_record(const ConsumerGroup& group) {
  return keyed_record(wire::ConsumerGroupMetadataKey{group.id()},
                      wire::ConsumerGroupMetadataValue{group.epoch(), group.metadata_hash()});
}

LogRecord assignment_epoch_record(const ConsumerGroup& group, Timestamp now) {
  wire::ConsumerGroupTargetAssignmentMetadataValue value;
  value.assignment_epoch = group.assignment_epoch();
  value.assignment_timestamp = now.value();
  return keyed_record(wire::ConsumerGroupTargetAssignmentMetadataKey{group.id()}, value);
}

// ---- back ----

OwnedPartitions owned_of(const std::vector<LoggedPartitions>& topics, std::int32_t epoch) {
  OwnedPartitions owned;
  for (const LoggedPartitions& topic : topics) {
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      const auto& epochs = topic.assignment_epochs;
      // Older brokers did not write these.
      const bool has_epoch = epochs && i < epochs->size();
      owned.emplace(TopicIdPartition{topic.topic_id, topic.partitions[i]},
                    has_epoch ? (*epochs)[i] : epoch);
    }
  }
  return owned;
}

MemberState state_of(std::int8_t logged_state) {
  switch (static_cast<MemberState>(logged_state)) {
    case MemberState::kUnrevokedPartitions:
      return MemberState::kUnrevokedPartitions;
    case MemberState::kUnreleasedPartitions:
      return MemberState::kUnreleasedPartitions;
    case MemberState::kStable:
      break;
  }
  return MemberState::kStable;
}

/// What is done with the value of each kind of key. False when the group is gone.
struct Restore {
  ConsumerGroup::Restored& to;
  std::optional<std::string_view> value;

  template <class Value>
  Result<Value> decoded() const {
    return wire::decode_consumer_group_value<Value>(*value);
  }
  ConsumerMember& member(const std::string& id) const {
    ConsumerMember& member = to.members[id];
    member.id = id;
    return member;
  }

  Result<bool> operator()(const wire::ConsumerGroupMetadataKey&) const {
    if (!value) return false;
    auto epoch = decoded<wire::ConsumerGroupMetadataValue>();
    if (!epoch.ok()) return std::move(epoch).error();
    to.epoch = epoch->epoch;
    to.metadata_hash = epoch->metadata_hash;
    return true;
  }
  Result<bool> operator()(const wire::ConsumerGroupMemberMetadataKey& key) const {
    if (!value) {
      to.known.erase(key.member_id);
      return true;
    }
    auto said = decoded<wire::ConsumerGroupMemberMetadataValue>();
    if (!said.ok()) return std::move(said).error();
    ConsumerMember& into = member(key.member_id);
    into.instance_id = std::move(said->instance_id);
    into.rack_id = std::move(said->rack_id);
    into.client_id = std::move(said->client_id);
    into.client_host = std::move(said->client_host);
    into.rebalance_timeout = Millis{std::max(said->rebalance_timeout_ms, 0)};
    into.topics = {said->subscribed_topic_names.begin(), said->subscribed_topic_names.end()};
    into.regex = std::move(said->subscribed_topic_regex).value_or("");
    into.assignor = std::move(said->server_assignor);
    into.classic.reset();
    if (said->classic_member_metadata) {
      auto& classic = into.classic.emplace();
      classic.session_timeout =
          Millis{std::max(said->classic_member_metadata->session_timeout_ms, 0)};
      for (auto& protocol : said->classic_member_metadata->supported_protocols) {
        classic.protocols.push_back({std::move(protocol.name), std::move(protocol.metadata)});
      }
    }
    // Without a protocol there is nothing that it could say.
    if (into.classic && into.classic->protocols.empty()) into.classic.reset();
    to.known.insert(key.member_id);
    return true;
  }
  Result<bool> operator()(const wire::ConsumerGroupTargetAssignmentMetadataKey&) const {
    to.assignment_epoch = 0;
    if (!value) return true;
    auto epoch = decoded<wire::ConsumerGroupTargetAssignmentMetadataValue>();
    if (!epoch.ok()) return std::move(epoch).error();
    to.assignment_epoch = epoch->assignment_epoch;
    return true;
  }
  Result<bool> operator()(const wire::ConsumerGroupTargetAssignmentMemberKey& key) const {
    if (!value) {
      to.targets.erase(key.member_id);
      return true;
    }
    auto target = decoded<wire::ConsumerGroupTargetAssignmentMemberValue>();
    if (!target.ok()) return std::move(target).error();
    to.targets[key.member_id] = partitions_of(target->topic_partitions);
    return true;
  }
  Result<bool> operator()(const wire::ConsumerGroupCurrentMemberAssignmentKey& key) const {
    ConsumerMember& into = member(key.member_id);
    wire::ConsumerGroupCurrentMemberAssignmentValue now;
    now.previous_member_epoch = ConsumerMember{}.previous_epoch;
    if (value) {
      auto has = decoded<wire::ConsumerGroupCurrentMemberAssignmentValue>();
      if (!has.ok()) return std::move(has).error();
      now = std::move(has).value();
    }
    into.epoch = now.member_epoch;
    into.previous_epoch = now.previous_member_epoch;
    into.state = state_of(now.state);
    into.assigned = owned_of(now.assigned_partitions, now.member_epoch);
    into.to_revoke = owned_of(now.partitions_pending_revocation, now.member_epoch);
    return true;
  }
  Result<bool> operator()(const wire::ConsumerGroupRegularExpressionKey& key) const {
    if (!value) {
      to.regexes.erase(key.regular_expression);
      return true;
    }
    auto resolved = decoded<wire::ConsumerGroupRegularExpressionValue>();
    if (!resolved.ok()) return std::move(resolved).error();
    // Of another life of this broker, whose pictures had other numbers.
    to.regexes[key.regular_expression] = {
        {resolved->topics.begin(), resolved->topics.end()}, 0, Timestamp{resolved->timestamp}};
    return true;
  }
  /// What brokers before 4.1 knew of topics is computed anew; other keys are of other groups.
  template <class Other>
  Result<bool> operator()(const Other&) const {
    return true;
  }
};

}  // namespace

std::vector<LogRecord> records_of(const ConsumerGroup& group, const UnwrittenOfGroup& what,
                                  Timestamp now) {
  std::vector<LogRecord> records;
  if (what.classic_group) records.push_back(group_tombstone(group.id()));
  for (const auto& id : what.members) records.push_back(member_record(group, id));
  for (const auto& regex : what.regexes) records.push_back(regex_record(group, regex));
  if (what.epoch) records.push_back(epoch_record(group));
  for (const auto& id : what.targets) records.push_back(target_record(group, id));
  if (what.assignment_epoch) records.push_back(assignment_epoch_record(group, now));
  for (const auto& id : what.assignments) records.push_back(assignment_record(group, id));
  return records;
}

std::vector<LogRecord> tombstones_of_all(const ConsumerGroup& group) {
  std::set<std::string> members = group.unwritten.members;
  members.insert(group.unwritten.targets.begin(), group.unwritten.targets.end());
  members.insert(group.unwritten.assignments.begin(), group.unwritten.assignments.end());
  for (const auto& [id, member] : group.members()) members.insert(id);
  std::set<std::string> regexes = group.unwritten.regexes;
  for (const auto& [regex, resolved] : group.regexes()) regexes.insert(regex);

  std::vector<LogRecord> records;
  for (const std::string& id : members) {
    records.push_back(
        keyed_tombstone(wire::ConsumerGroupCurrentMemberAssignmentKey{group.id(), id}));
    records.push_back(
        keyed_tombstone(wire::ConsumerGroupTargetAssignmentMemberKey{group.id(), id}));
    records.push_back(keyed_tombstone(wire::ConsumerGroupMemberMetadataKey{group.id(), id}));
  }
  for (const std::string& regex : regexes) {
    records.push_back(keyed_tombstone(wire::ConsumerGroupRegularExpressionKey{group.id(), regex}));
  }
  records.push_back(keyed_tombstone(wire::ConsumerGroupTargetAssignmentMetadataKey{group.id()}));
  records.push_back(keyed_tombstone(wire::ConsumerGroupMetadataKey{group.id()}));
  return records;
}

std::optional<std::string_view> consumer_group_of(const wire::GroupRecordKey& key) {
  return std::visit(
      [](const auto& content) -> std::optional<std::string_view> {
        if constexpr (requires { content.group_id; }) return content.group_id;
        return std::nullopt;
      },
      key);
}

Result<bool> restore(ConsumerGroup& group, const wire::GroupRecordKey& key,
                     std::optional<std::string_view> value) {
  return std::visit(Restore{group.restored(), value}, key);
}

}  // namespace millrace::broker
