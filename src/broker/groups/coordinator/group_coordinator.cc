#include "broker/groups/coordinator/group_coordinator.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "broker/coordination/append_error.h"
#include "broker/groups/consumer/consumer_describe.h"
#include "broker/groups/consumer/consumer_heartbeat.h"
#include "broker/groups/consumer/consumer_records.h"
#include "broker/groups/consumer/consumer_turn.h"
#include "broker/groups/coordinator/describe.h"
#include "broker/groups/coordinator/heartbeat.h"
#include "broker/groups/coordinator/join.h"
#include "broker/groups/coordinator/leave.h"
#include "broker/groups/coordinator/rebalance.h"
#include "broker/groups/coordinator/removal.h"
#include "broker/groups/coordinator/sync.h"
#include "broker/groups/offsets/offset_commit.h"
#include "broker/groups/offsets/offset_fetch.h"
#include "wire/transaction_records.h"

namespace millrace::broker {

namespace {

void timer_due(Turn& turn, const TimerKey& timer) {
  if (timer.kind == TimerKind::kOffsetsSweep) {
    sweep_expired(turn);
    return;
  }
  if (ConsumerGroup* const group = turn.find_consumer_group(timer.group_id)) {
    consumer_timer_due(turn, *group, timer);
    return;
  }
  Group* const group = turn.find_group(timer.group_id);
  if (group == nullptr) return;
  switch (timer.kind) {
    case TimerKind::kSession:
      session_over(turn, *group, timer.member_id);
      return;
    case TimerKind::kInitialDelay:
      initial_delay_over(turn, *group);
      return;
    case TimerKind::kRejoin:
      complete_rebalance(turn, *group);
      return;
    case TimerKind::kSync:
      sync_time_over(turn, *group);
      return;
    case TimerKind::kRevocation:
    case TimerKind::kMemberJoin:
    case TimerKind::kMemberSync:
    case TimerKind::kOffsetsSweep:
      return;
  }
}

void let_time_pass(Turn& turn) {
  while (const auto timer = turn.state.timers.take_due(turn.now.monotonic)) {
    timer_due(turn, *timer);
  }
}

/// What follows from an acknowledged append.
struct Follow {
  Turn& turn;
  const std::string& group_id;
  wire::KafkaError error;

  wire::KafkaError member_error() const {
    return error_of_append(error, wire::KafkaError::kUnknownServerError);
  }
  void operator()(OffsetsCommitted&& outcome) const {
    offsets_committed(turn, group_id, std::move(outcome), error);
  }
  void operator()(TransactionalOffsetsCommitted&& outcome) const {
    transactional_offsets_committed(turn, group_id, std::move(outcome), error);
  }
  void operator()(TransactionEnded&& outcome) const { transaction_ended(turn, outcome, error); }
  void operator()(AssignmentStored&& outcome) const {
    assignment_stored(turn, group_id, std::move(outcome), member_error());
  }
  void operator()(StaticMemberReplaced&& outcome) const {
    static_member_replaced(turn, group_id, std::move(outcome), member_error());
  }
  void operator()(Removed&& outcome) const {
    removed(turn, group_id, std::move(outcome), member_error());
  }
  void operator()(ConsumerGroupStored&& outcome) const {
    consumer_group_stored(turn, group_id, std::move(outcome), member_error());
  }
  void operator()(EmptyGroupStored&&) const {
    if (error == wire::KafkaError::kNone) return;
    // After a restart the generation before this one comes back, and its members time out.
    LOG_WARN("empty group could not be stored",
             {{"group", group_id}, {"error", wire::kafka_error_name(error)}});
  }
};

}  // namespace

GroupCoordinator::GroupCoordinator(const GroupConfig& config, Random random)
    : state_{.config = config,
             .random = random,
             .groups = {},
             .consumer_groups = {},
             .topics = std::make_shared<const GroupTopics>(),
             .offsets = {},
             .timers = {},
             .open_transactions = {},
             .appends = {},
             .last_append_id = 0,
             .deletions = {},
             .waiting_fetches = {}} {}

template <class Input>
GroupEffects GroupCoordinator::take_turn(Instant now, Input&& input) {
  GroupEffects effects;
  Turn turn{state_, now, effects};
  let_time_pass(turn);
  input(turn);
  // Delays of zero end in the turn in which they began.
  let_time_pass(turn);
  return effects;
}

Status GroupCoordinator::replay(PartitionId partition, const wire::BatchHeader& batch,
                                std::string_view key, std::optional<std::string_view> value) {
  const TransactionPart part{partition, batch.producer_id};
  if (batch.is_control()) return replay_marker(part, key);
  auto decoded = wire::decode_group_key(key);
  if (!decoded.ok()) return std::move(decoded).error();
  if (const auto group_id = consumer_group_of(*decoded)) {
    return replay_consumer_group(std::string(*group_id), *decoded, value);
  }
  auto entry = read_log_record(std::move(decoded).value(), value);
  if (!entry.ok()) return std::move(entry).error();
  auto* const offset = std::get_if<LoggedOffset>(&entry.value());
  if (batch.is_transactional() && offset != nullptr && offset->change.value) {
    auto& [topic, index, committed] = offset->change;
    state_.open_transactions.add(part, {std::move(offset->group_id), std::move(topic), index},
                                 *std::move(committed));
    return {};
  }
  return apply(std::move(entry).value());
}

Status GroupCoordinator::replay_consumer_group(const std::string& group_id,
                                               const wire::GroupRecordKey& key,
                                               std::optional<std::string_view> value) {
  auto& group = state_.consumer_groups[group_id];
  if (group == nullptr) group = std::make_unique<ConsumerGroup>(group_id);
  // What a group of one kind says of itself ends what was there of the other.
  const bool says_it_is = std::holds_alternative<wire::ConsumerGroupMetadataKey>(key) && value;
  if (says_it_is) state_.groups.erase(group_id);
  const auto goes_on = restore(*group, key, value);
  if (!goes_on.ok()) return goes_on.error();
  if (!*goes_on) state_.consumer_groups.erase(group_id);
  return {};
}

Status GroupCoordinator::replay_marker(const TransactionPart& part, std::string_view key) {
  const auto decoded = wire::decode_control_key(key);
  const bool is_commit = decoded.ok() && decoded->type == wire::kCommitMarkerType;
  broker::end_transaction(
      state_, part, is_commit ? wire::TransactionResult::kCommit : wire::TransactionResult::kAbort);
  return decoded.ok() ? Status{} : Status{decoded.error()};
}

Status GroupCoordinator::apply(LoggedEntry entry) {
  if (const auto* const offset = std::get_if<LoggedOffset>(&entry)) {
    apply_offset(state_, offset->group_id, offset->change);
  } else if (auto* const logged = std::get_if<LoggedGroup>(&entry)) {
    if (!logged->group) {
      state_.groups.erase(logged->group_id);
      return {};
    }
    state_.consumer_groups.erase(logged->group_id);
    auto& group = state_.groups[logged->group_id];
    if (group == nullptr) group = std::make_unique<Group>(logged->group_id);
    if (!group->restore(std::move(*logged->group))) {
      return Error{ErrorCode::kCorrupt,
                   fmt::format("record of group {} contradicts itself", logged->group_id)};
    }
  }
  return {};
}

void GroupCoordinator::finish_replay(Instant now) {
  GroupEffects none;
  Turn turn{state_, now, none};
  std::erase_if(state_.consumer_groups,
                [](const auto& entry) { return !entry.second->finish_restore(); });
  for (const auto& [group_id, group] : state_.consumer_groups) start_timers(turn, *group);
  for (const auto& [group_id, topics] : state_.offsets.by_group()) turn.ensure_group(group_id);
  for (const std::string& group_id : state_.open_transactions.groups()) {
    turn.ensure_group(group_id);
  }
  for (const auto& [group_id, group] : state_.groups) {
    for (const auto& [member_id, member] : group->members()) {
      turn.expect_heartbeat(*group, member);
    }
  }
  turn.set_timer({TimerKind::kOffsetsSweep, {}, {}},
                 state_.config.offsets_retention_check_interval);
}

GroupEffects GroupCoordinator::consumer_heartbeat(RequestToken token, const GroupCaller& caller,
                                                  wire::ConsumerGroupHeartbeatRequest request,
                                                  Instant now) {
  return take_turn(now, [&](Turn& turn) {
    broker::consumer_heartbeat(turn, token, caller, std::move(request));
  });
}

GroupEffects GroupCoordinator::describe_consumer_groups(
    RequestToken token, const wire::ConsumerGroupDescribeRequest& request, Instant now) {
  return take_turn(now,
                   [&](Turn& turn) { broker::describe_consumer_groups(turn, token, request); });
}

GroupEffects GroupCoordinator::join(RequestToken token, const GroupCaller& caller,
                                    wire::JoinGroupRequest request, Instant now) {
  return take_turn(now, [&](Turn& turn) { broker::join(turn, token, caller, std::move(request)); });
}

GroupEffects GroupCoordinator::sync(RequestToken token, const GroupCaller& caller,
                                    wire::SyncGroupRequest request, Instant now) {
  return take_turn(now, [&](Turn& turn) { broker::sync(turn, token, caller, std::move(request)); });
}

GroupEffects GroupCoordinator::heartbeat(RequestToken token, const wire::HeartbeatRequest& request,
                                         Instant now) {
  return take_turn(now, [&](Turn& turn) { broker::heartbeat(turn, token, request); });
}

GroupEffects GroupCoordinator::leave(RequestToken token, const GroupCaller& caller,
                                     wire::LeaveGroupRequest request, Instant now) {
  return take_turn(now,
                   [&](Turn& turn) { broker::leave(turn, token, caller, std::move(request)); });
}

GroupEffects GroupCoordinator::commit_offsets(RequestToken token, const GroupCaller& caller,
                                              wire::OffsetCommitRequest request, Instant now) {
  return take_turn(
      now, [&](Turn& turn) { broker::commit_offsets(turn, token, caller, std::move(request)); });
}

GroupEffects GroupCoordinator::commit_transactional_offsets(RequestToken token,
                                                            wire::TxnOffsetCommitRequest request,
                                                            const TransactionalCommit& where,
                                                            Instant now) {
  return take_turn(now, [&](Turn& turn) {
    broker::commit_transactional_offsets(turn, token, std::move(request), where);
  });
}

GroupEffects GroupCoordinator::end_transaction(RequestToken token, const LogMarker& marker,
                                               Instant now) {
  return take_turn(now, [&](Turn& turn) { broker::end_transaction(turn, token, marker); });
}

GroupEffects GroupCoordinator::fetch_offsets(RequestToken token, const GroupCaller& caller,
                                             wire::OffsetFetchRequest request, Instant now) {
  return take_turn(
      now, [&](Turn& turn) { broker::fetch_offsets(turn, token, caller, std::move(request)); });
}

GroupEffects GroupCoordinator::describe(RequestToken token, const GroupCaller& caller,
                                        const wire::DescribeGroupsRequest& request, Instant now) {
  return take_turn(now, [&](Turn& turn) { describe_groups(turn, token, caller, request); });
}

GroupEffects GroupCoordinator::list(RequestToken token, const GroupCaller& caller,
                                    const wire::ListGroupsRequest& request, Instant now) {
  return take_turn(now, [&](Turn& turn) { list_groups(turn, token, caller, request); });
}

GroupEffects GroupCoordinator::delete_groups(RequestToken token,
                                             const wire::DeleteGroupsRequest& request,
                                             Instant now) {
  return take_turn(now, [&](Turn& turn) { broker::delete_groups(turn, token, request); });
}

GroupEffects GroupCoordinator::delete_offsets(RequestToken token,
                                              const wire::OffsetDeleteRequest& request,
                                              Instant now) {
  return take_turn(now, [&](Turn& turn) { broker::delete_offsets(turn, token, request); });
}

GroupEffects GroupCoordinator::appended(AppendId id, wire::KafkaError error, Instant now) {
  return take_turn(now, [&](Turn& turn) {
    const auto found = state_.appends.find(id);
    CHECK(found != state_.appends.end(), "append {} was acknowledged twice", id);
    PendingAppend append = std::move(found->second);
    state_.appends.erase(found);
    std::visit(Follow{turn, append.group_id, error}, std::move(append.outcome));
    let_fetches_go(turn, id);
  });
}

GroupEffects GroupCoordinator::topic_deleted(std::string_view topic, Instant now) {
  return take_turn(now, [&](Turn& turn) { forget_topic(turn, topic); });
}

GroupEffects GroupCoordinator::tick(Instant now) {
  return take_turn(now, [](Turn&) {});
}

}  // namespace millrace::broker
