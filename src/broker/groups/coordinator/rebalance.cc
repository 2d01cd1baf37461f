#include "broker/groups/coordinator/rebalance.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "broker/groups/coordinator/responses.h"
#include "broker/groups/offsets/log_records.h"

namespace millrace::broker {

namespace {

// A client may say that its rebalance time-out is zero; asking again must not become a busy loop.
constexpr Millis kRetryDelayMin{100};

TimerKey group_timer(TimerKind kind, const Group& group) {
  return {kind, group.id(), {}};
}

/// Sends everybody who waits for an assignment back to join.
void cancel_waiting_syncs(Turn& turn, Group& group, wire::KafkaError error) {
  for (auto& [id, member] : group.members()) {
    member.assignment.clear();
    if (!member.awaiting_sync.is_waiting()) continue;
    fail_waiting_sync(turn, member, error);
    turn.expect_heartbeat(group, member);
  }
}

void remove_those_who_did_not_rejoin(Turn& turn, Group& group) {
  std::vector<std::string> gone;
  for (const auto& [id, member] : group.members()) {
    if (!member.is_static() && !member.awaiting_join.is_waiting()) gone.push_back(id);
  }
  for (const std::string& id : gone) remove_member(turn, group, id);
}

void tell_new_generation(Turn& turn, Group& group) {
  for (auto& [id, member] : group.members()) {
    const ParkedRequest request = std::exchange(member.awaiting_join, {});
    if (request.is_waiting()) turn.answer(request.token, join_success(group, id));
    member.is_new = false;
    member.owes_sync = true;
    turn.expect_heartbeat(group, member);
  }
  turn.set_timer(group_timer(TimerKind::kSync, group), group.rebalance_timeout());
}

}  // namespace

void fail_waiting_join(Turn& turn, Member& member, wire::KafkaError error,
                       std::string_view member_id_to_tell) {
  const ParkedRequest request = std::exchange(member.awaiting_join, {});
  if (!request.is_waiting()) return;
  turn.answer(request.token, join_error(request.api_version, member_id_to_tell, error));
}

void fail_waiting_sync(Turn& turn, Member& member, wire::KafkaError error) {
  const ParkedRequest request = std::exchange(member.awaiting_sync, {});
  if (request.is_waiting()) turn.answer(request.token, sync_error(error));
}

void remove_member(Turn& turn, Group& group, std::string_view member_id) {
  if (Member* const member = group.find(member_id)) {
    fail_waiting_join(turn, *member, wire::KafkaError::kUnknownMemberId, {});
    fail_waiting_sync(turn, *member, wire::KafkaError::kUnknownMemberId);
  }
  turn.state.timers.cancel({TimerKind::kSession, group.id(), std::string(member_id)});
  group.remove(member_id);
}

void rebalance_or_complete(Turn& turn, Group& group, std::string_view reason) {
  if (group.can_rebalance()) {
    begin_rebalance(turn, group, reason);
  } else {
    complete_if_all_joined(turn, group);
  }
}

void begin_rebalance(Turn& turn, Group& group, std::string_view reason) {
  LOG_INFO("group begins to rebalance", {{"group", group.id()},
                                         {"generation", group.generation()},
                                         {"state", group_state_name(group.state())},
                                         {"reason", reason}});
  if (group.is_in(GroupState::kCompletingRebalance)) {
    cancel_waiting_syncs(turn, group, wire::KafkaError::kRebalanceInProgress);
  }
  for (auto& [id, member] : group.members()) member.owes_sync = false;
  turn.state.timers.cancel(group_timer(TimerKind::kSync, group));

  group.is_initial_rebalance = group.is_in(GroupState::kEmpty);
  group.move_to(GroupState::kPreparingRebalance, turn.now.wall);
  if (group.is_initial_rebalance) {
    const Millis delay = turn.state.config.initial_rebalance_delay;
    group.initial_delay = {std::max(group.rebalance_timeout() - delay, Millis{0}), false};
    turn.set_timer(group_timer(TimerKind::kInitialDelay, group), delay);
  } else if (group.all_have_joined()) {
    complete_rebalance(turn, group);
  } else {
    turn.set_timer(group_timer(TimerKind::kRejoin, group), group.rebalance_timeout());
  }
}

void complete_if_all_joined(Turn& turn, Group& group) {
  if (!group.is_in(GroupState::kPreparingRebalance)) return;
  if (group.is_initial_rebalance || !group.all_have_joined()) return;
  complete_rebalance(turn, group);
}

void initial_delay_over(Turn& turn, Group& group) {
  if (!group.is_in(GroupState::kPreparingRebalance)) return;
  Group::InitialDelay& wait = group.initial_delay;
  const Millis delay = std::min(turn.state.config.initial_rebalance_delay, wait.left);
  if (!wait.somebody_came || delay.count() == 0) {
    complete_rebalance(turn, group);
    return;
  }
  wait = {wait.left - delay, false};
  turn.set_timer(group_timer(TimerKind::kInitialDelay, group), delay);
}

void complete_rebalance(Turn& turn, Group& group) {
  if (!group.is_in(GroupState::kPreparingRebalance)) return;
  turn.state.timers.cancel(group_timer(TimerKind::kRejoin, group));
  turn.state.timers.cancel(group_timer(TimerKind::kInitialDelay, group));
  remove_those_who_did_not_rejoin(turn, group);

  if (!group.members().empty() && !group.elect_joined_leader()) {
    // Only static members are left, and none of them is here yet: their sessions decide.
    turn.set_timer(group_timer(TimerKind::kRejoin, group),
                   std::max(group.rebalance_timeout(), kRetryDelayMin));
    return;
  }

  group.is_initial_rebalance = false;
  group.begin_generation(turn.now.wall);
  LOG_INFO("group begins a generation", {{"group", group.id()},
                                         {"generation", group.generation()},
                                         {"members", group.members().size()}});
  if (group.is_in(GroupState::kEmpty)) {
    group.is_logged = true;
    turn.append(group.id(), {group_record(group, {})}, EmptyGroupStored{});
  } else {
    tell_new_generation(turn, group);
  }
}

void sync_time_over(Turn& turn, Group& group) {
  if (group.all_have_synced()) return;
  std::vector<std::string> silent;
  for (const auto& [id, member] : group.members()) {
    if (member.owes_sync) silent.push_back(id);
  }
  for (const std::string& id : silent) remove_member(turn, group, id);
  begin_rebalance(turn, group, "members joined and never asked for their assignment");
}

void note_sync(Turn& turn, Group& group, Member& member) {
  member.owes_sync = false;
  if (group.all_have_synced()) turn.state.timers.cancel(group_timer(TimerKind::kSync, group));
}

}  // namespace millrace::broker
