// DeleteGroups, versions 0–2: only groups without members; the offsets go with the group.
// OffsetDelete, version 0: of a group of consumers only what none of them is subscribed to, of
// another only while it has no members. An offset that nobody committed is deleted already.
// Retention: an offset is forgotten offsets.retention.minutes after its group became empty; in a
// group that only stores offsets, or of a topic that the members of a stable group no longer want,
// after it was committed. A group without members and offsets is then forgotten too. What an open
// transaction committed keeps the offset before it, and the group; DeleteGroups takes all away.
// source  Kafka, OffsetMetadataManager and ClassicGroup; KIP-211, KIP-496

#include "broker/groups/coordinator/removal.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/saturating.h"
#include "broker/groups/consumer/consumer_records.h"
#include "broker/groups/offsets/log_records.h"
#include "broker/groups/offsets/transactional_commit.h"
#include "wire/record_batch_builder.h"

namespace millrace::broker {

namespace {

// So that a sweep takes little time; the next one takes the next ones.
constexpr std::size_t kExpiredAtOnceMax = 2'000;
// Of tombstones in one batch, which must stay well below max.message.bytes.
constexpr std::size_t kTombstoneBytesMax = 256 * 1024;

std::size_t size_of(const LogRecord& record) {
  return wire::RecordBatchBuilder::record_size_max(record.key, record.value, {});
}

/// Appends what makes `removal` last, in as many batches as its size asks for, and says how many.
/// The group goes with the last one, and its own tombstones too.
std::size_t append_removal(Turn& turn, const std::string& group_id, Removed removal,
                           std::vector<LogRecord> tombstones) {
  std::vector<OffsetChange> changes = std::move(removal.changes);
  std::vector<LogRecord> records;
  std::size_t size_bytes = 0;
  std::size_t batches = 1;
  removal.changes.clear();
  for (OffsetChange& change : changes) {
    LogRecord record = offset_record(group_id, change);
    size_bytes += size_of(record);
    if (size_bytes > kTombstoneBytesMax && !records.empty()) {
      size_bytes = size_of(record);
      ++batches;
      turn.append(group_id, std::exchange(records, {}),
                  Removed{.changes = std::exchange(removal.changes, {}),
                          .group = nullptr,
                          .consumer_group = nullptr,
                          .token = removal.token,
                          .result_index = removal.result_index});
    }
    records.push_back(std::move(record));
    removal.changes.push_back(std::move(change));
  }
  for (LogRecord& tombstone : tombstones) records.push_back(std::move(tombstone));
  turn.append(group_id, std::move(records), std::move(removal));
  return batches;
}

/// Takes the group out of its table; nobody waits for anything in it.
void take_group(Turn& turn, const std::string& group_id, Removed& removal) {
  if (auto node = turn.state.groups.extract(group_id)) {
    removal.group = std::move(node.mapped());
  } else if (auto other = turn.state.consumer_groups.extract(group_id)) {
    removal.consumer_group = std::move(other.mapped());
  }
}

/// What makes the log forget the group, its offsets aside.
std::vector<LogRecord> tombstones_of(Turn& turn, const std::string& group_id) {
  if (const ConsumerGroup* const group = turn.find_consumer_group(group_id)) {
    return tombstones_of_all(*group);
  }
  return {group_tombstone(group_id)};
}

/// Everything that the group's offsets are or are about to become; of `topic` only, when there is
/// one. Commits on their way to the log lie there before the tombstones do.
std::vector<OffsetChange> forget_offsets(const Turn& turn, const std::string& group_id,
                                         std::optional<std::string_view> topic) {
  std::set<std::pair<std::string, std::int32_t>> partitions;
  for (const OffsetChange& change : turn.state.offsets.removal_of(group_id)) {
    partitions.emplace(change.topic, change.partition);
  }
  for (const OffsetKey& key : pending_offsets_of(turn.state, group_id)) {
    partitions.emplace(key.topic, key.partition);
  }
  for (const auto& [id, append] : turn.state.appends) {
    const auto* const committed = std::get_if<OffsetsCommitted>(&append.outcome);
    if (committed == nullptr || append.group_id != group_id) continue;
    for (const OffsetChange& change : committed->changes) {
      partitions.emplace(change.topic, change.partition);
    }
  }
  std::vector<OffsetChange> changes;
  for (const auto& [name, partition] : partitions) {
    if (topic && name != *topic) continue;
    changes.push_back({.topic = name, .partition = partition, .value = std::nullopt});
  }
  return changes;
}

/// Drops a group that is nothing but a name.
void drop_if_hollow(Turn& turn, const std::string& group_id) {
  const Group* const group = turn.find_group(group_id);
  if (group == nullptr || group->is_logged || group->has_pending()) return;
  if (!group->is_in(GroupState::kEmpty) || turn.state.offsets.find(group_id) != nullptr) return;
  if (turn.state.open_transactions.holds_group(group_id)) return;
  turn.state.groups.erase(group_id);
}

wire::KafkaError check_deletion(Turn& turn, const std::string& group_id) {
  if (const ConsumerGroup* const group = turn.find_consumer_group(group_id)) {
    return group->is_empty() ? wire::KafkaError::kNone : wire::KafkaError::kNonEmptyGroup;
  }
  const Group* const group = turn.find_group(group_id);
  if (group == nullptr) return wire::KafkaError::kGroupIdNotFound;
  if (!group->is_in(GroupState::kEmpty)) return wire::KafkaError::kNonEmptyGroup;
  return wire::KafkaError::kNone;
}

wire::KafkaError check_offset_deletion(Turn& turn, const std::string& group_id) {
  if (group_id.empty()) return wire::KafkaError::kInvalidGroupId;
  if (turn.find_consumer_group(group_id) != nullptr) return wire::KafkaError::kNone;
  const Group* const group = turn.find_group(group_id);
  if (group == nullptr) return wire::KafkaError::kGroupIdNotFound;
  const bool is_free =
      group->is_in(GroupState::kEmpty) || group->protocol_type() == kConsumerProtocolType;
  return is_free ? wire::KafkaError::kNone : wire::KafkaError::kNonEmptyGroup;
}

/// From when on the offset's retention counts; nothing when it is in use.
std::optional<Timestamp> retention_base(const Group& group, const std::string& topic,
                                        const CommittedOffset& committed) {
  if (!group.protocol_type()) return committed.committed_at;
  if (group.is_in(GroupState::kEmpty)) {
    return group.state_since() == kNoTimestamp ? committed.committed_at : group.state_since();
  }
  const bool may_be_unused = group.is_in(GroupState::kStable) && group.knows_subscriptions();
  if (may_be_unused && !group.is_subscribed_to(topic)) return committed.committed_at;
  return std::nullopt;
}

/// The same in a group of KIP-848: what its members are subscribed to is in use.
std::optional<Timestamp> retention_base(const ConsumerGroup& group, const std::string& topic,
                                        const CommittedOffset& committed) {
  if (group.is_subscribed_to(topic)) return std::nullopt;
  return committed.committed_at;
}

/// pending  what open transactions committed for the group
template <class OneGroup>
std::vector<OffsetChange> expired_offsets(const Turn& turn, const OneGroup& group,
                                          const std::set<OffsetKey>& pending) {
  std::vector<OffsetChange> expired;
  const OffsetsStore::ByTopic* const topics = turn.state.offsets.find(group.id());
  if (topics == nullptr) return expired;
  const std::int64_t expired_until =
      saturating_subtract(turn.now.wall.value(), turn.state.config.offsets_retention.count());
  for (const auto& [topic, partitions] : *topics) {
    for (const auto& [partition, committed] : partitions) {
      const auto base = retention_base(group, topic, committed);
      if (!base || base->value() > expired_until) continue;
      if (pending.contains({group.id(), topic, partition})) continue;
      expired.push_back({.topic = topic, .partition = partition, .value = std::nullopt});
      if (expired.size() == kExpiredAtOnceMax) return expired;
    }
  }
  return expired;
}

std::size_t offset_count(const OffsetsStore& offsets, std::string_view group_id) {
  std::size_t count = 0;
  if (const auto* const topics = offsets.find(group_id)) {
    for (const auto& [topic, partitions] : *topics) count += partitions.size();
  }
  return count;
}

bool may_go(const Group& group) {
  return group.is_in(GroupState::kEmpty) && !group.has_pending();
}
bool may_go(const ConsumerGroup& group) {
  return group.is_empty();
}
bool is_logged(const Group& group) {
  return group.is_logged;
}
bool is_logged(const ConsumerGroup&) {
  return true;
}

template <class OneGroup>
void sweep_group(Turn& turn, const OneGroup& group) {
  const std::string group_id = group.id();
  Removed removal;
  const std::set<OffsetKey> pending = pending_offsets_of(turn.state, group_id);
  removal.changes = expired_offsets(turn, group, pending);
  const bool is_over = may_go(group) && pending.empty() &&
                       removal.changes.size() == offset_count(turn.state.offsets, group_id);
  std::vector<LogRecord> tombstones;
  if (is_over && is_logged(group)) tombstones = tombstones_of(turn, group_id);
  if (is_over) take_group(turn, group_id, removal);
  if (removal.changes.empty() && tombstones.empty()) return;
  LOG_INFO("offsets expire", {{"group", group_id}, {"offsets", removal.changes.size()}});
  append_removal(turn, group_id, std::move(removal), std::move(tombstones));
}

/// A group that the log would not forget.
void put_back(Turn& turn, const std::string& group_id, Removed& removal) {
  if (removal.group != nullptr) turn.state.groups.emplace(group_id, std::move(removal.group));
  if (removal.consumer_group == nullptr) return;
  turn.state.consumer_groups.emplace(group_id, std::move(removal.consumer_group));
}

/// Of several batches the last failure counts.
void fail(PendingDeletion& deletion, std::size_t result_index, wire::KafkaError error) {
  if (auto* const groups = std::get_if<wire::DeleteGroupsResponse>(&deletion.response)) {
    groups->results[result_index].error_code = code_of(error);
  } else {
    deletion.response.emplace<wire::OffsetDeleteResponse>().error_code = code_of(error);
  }
}

void finish_deletion(Turn& turn, const Removed& removal, wire::KafkaError error) {
  const auto found = turn.state.deletions.find(removal.token);
  if (found == turn.state.deletions.end()) return;
  PendingDeletion& deletion = found->second;
  if (error != wire::KafkaError::kNone) fail(deletion, removal.result_index, error);
  if (--deletion.outstanding > 0) return;
  std::visit([&](auto&& response) { turn.answer(removal.token, std::move(response)); },
             std::move(deletion.response));
  turn.state.deletions.erase(found);
}

}  // namespace

void delete_groups(Turn& turn, RequestToken token, const wire::DeleteGroupsRequest& request) {
  wire::DeleteGroupsResponse response;
  std::size_t outstanding = 0;
  for (const std::string& group_id : request.groups_names) {
    auto& result = response.results.emplace_back();
    result.group_id = group_id;
    const wire::KafkaError error = check_deletion(turn, group_id);
    result.error_code = code_of(error);
    if (error != wire::KafkaError::kNone) continue;

    Removed removal;
    removal.changes = forget_offsets(turn, group_id, std::nullopt);
    removal.token = token;
    removal.result_index = response.results.size() - 1;
    std::vector<LogRecord> tombstones = tombstones_of(turn, group_id);
    take_group(turn, group_id, removal);
    outstanding += append_removal(turn, group_id, std::move(removal), std::move(tombstones));
  }
  if (outstanding == 0) return turn.answer(token, std::move(response));
  turn.state.deletions.emplace(token, PendingDeletion{std::move(response), outstanding});
}

void delete_offsets(Turn& turn, RequestToken token, const wire::OffsetDeleteRequest& request) {
  wire::OffsetDeleteResponse response;
  response.error_code = code_of(check_offset_deletion(turn, request.group_id));
  if (response.error_code != 0) return turn.answer(token, std::move(response));
  const auto is_subscribed = [&](const std::string& topic) {
    const ConsumerGroup* const group = turn.find_consumer_group(request.group_id);
    if (group != nullptr) return group->is_subscribed_to(topic);
    return turn.find_group(request.group_id)->is_subscribed_to(topic);
  };

  std::set<std::pair<std::string, std::int32_t>> wanted;
  for (const auto& topic : request.topics) {
    const wire::KafkaError error = is_subscribed(topic.name)
                                       ? wire::KafkaError::kGroupSubscribedToTopic
                                       : wire::KafkaError::kNone;
    auto& answered = response.topics.emplace_back();
    answered.name = topic.name;
    for (const auto& partition : topic.partitions) {
      answered.partitions.push_back({partition.partition_index, code_of(error)});
      if (error == wire::KafkaError::kNone) wanted.emplace(topic.name, partition.partition_index);
    }
  }
  Removed removal;
  removal.changes = forget_offsets(turn, request.group_id, std::nullopt);
  removal.token = token;
  std::erase_if(removal.changes, [&](const OffsetChange& change) {
    return !wanted.contains({change.topic, change.partition});
  });
  if (removal.changes.empty()) return turn.answer(token, std::move(response));
  const std::size_t outstanding = append_removal(turn, request.group_id, std::move(removal), {});
  turn.state.deletions.emplace(token, PendingDeletion{std::move(response), outstanding});
}

void forget_topic(Turn& turn, std::string_view topic) {
  std::set<std::string> group_ids;
  for (const auto& [group_id, topics] : turn.state.offsets.by_group()) group_ids.insert(group_id);
  for (const auto& [id, append] : turn.state.appends) group_ids.insert(append.group_id);
  group_ids.merge(turn.state.open_transactions.groups());

  for (const std::string& group_id : group_ids) {
    Removed removal;
    removal.changes = forget_offsets(turn, group_id, topic);
    if (removal.changes.empty()) continue;
    append_removal(turn, group_id, std::move(removal), {});
  }
}

void sweep_expired(Turn& turn) {
  std::vector<std::string> group_ids;
  for (const auto& [group_id, group] : turn.state.groups) group_ids.push_back(group_id);
  for (const auto& [group_id, group] : turn.state.consumer_groups) group_ids.push_back(group_id);
  for (const std::string& group_id : group_ids) {
    if (const Group* const group = turn.find_group(group_id)) {
      sweep_group(turn, *group);
    } else {
      sweep_group(turn, *turn.find_consumer_group(group_id));
    }
  }
  turn.set_timer({TimerKind::kOffsetsSweep, {}, {}},
                 turn.state.config.offsets_retention_check_interval);
}

void removed(Turn& turn, const std::string& group_id, Removed removal, wire::KafkaError error) {
  if (error == wire::KafkaError::kNone) {
    for (const OffsetChange& change : removal.changes) {
      apply_offset(turn.state, group_id, change);
    }
    drop_if_hollow(turn, group_id);
    // An earlier batch was refused: its offsets are still there, and so is a group to delete again.
    const bool is_gone = removal.group != nullptr || removal.consumer_group != nullptr;
    if (is_gone && turn.state.offsets.find(group_id) != nullptr) turn.ensure_group(group_id);
  } else if (turn.find_group(group_id) == nullptr &&
             turn.find_consumer_group(group_id) == nullptr) {
    put_back(turn, group_id, removal);
  }
  finish_deletion(turn, removal, error);
}

}  // namespace millrace::broker
