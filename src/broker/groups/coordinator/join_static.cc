// Static members: a client with a group.instance.id keeps its place over a restart. It comes back
// without a member id, gets a new one, and in a stable group nobody else has to know; who still
// uses the old id is fenced.
// source  KIP-345; KIP-814 (v9: a leader that comes back is told to skip the assignment)

#include <utility>

#include "base/log.h"
#include "broker/groups/coordinator/join.h"
#include "broker/groups/coordinator/joining.h"
#include "broker/groups/coordinator/rebalance.h"
#include "broker/groups/coordinator/responses.h"
#include "broker/groups/offsets/log_records.h"

namespace millrace::broker {

namespace {

constexpr std::int16_t kSkipAssignmentSince = 9;

/// A stable group whose protocol stays the same goes on as it is, once its record is in the log.
void keep_place(Turn& turn, Group& group, Member& member, Member before,
                std::string leader_before) {
  StaticMemberReplaced replaced;
  replaced.request = member.awaiting_join;
  replaced.generation = group.generation();
  replaced.new_member_id = member.id;
  replaced.leader_before = std::move(leader_before);
  replaced.before = std::move(before);

  std::map<std::string, std::string> assignments;
  for (const auto& [id, other] : group.members()) assignments[id] = other.assignment;
  group.is_logged = true;
  turn.append(group.id(), {group_record(group, assignments)}, std::move(replaced));
}

wire::JoinGroupResponse place_kept_response(const Group& group,
                                            const StaticMemberReplaced& replaced) {
  if (replaced.request.api_version >= kSkipAssignmentSince) {
    auto response = join_success(group, replaced.new_member_id);
    response.skip_assignment = group.is_leader(replaced.new_member_id);
    return response;
  }
  // An older client that heard it leads would assign anew, so it hears of the leader as it was.
  auto response = join_success(group, replaced.new_member_id, TellMembers::kNo);
  response.leader = replaced.leader_before;
  return response;
}

void take_back(Turn& turn, Group& group, StaticMemberReplaced replaced) {
  const std::string& instance_id = *replaced.before.instance_id;
  turn.state.timers.cancel({TimerKind::kSession, group.id(), replaced.new_member_id});
  Member& member = group.rename_static(instance_id, replaced.before.id);
  member = std::move(replaced.before);
  turn.expect_heartbeat(group, member);
}

}  // namespace

void join_static(Turn& turn, Group& group, Joining joining, std::string new_member_id) {
  const std::string instance_id = *joining.instance_id;
  const std::string* const holder = group.static_member_id(instance_id);
  if (holder == nullptr) {
    add_and_rebalance(turn, group, std::move(joining), std::move(new_member_id));
    return;
  }
  const std::string old_member_id = *holder;
  const std::string leader_before = group.leader();
  LOG_INFO("static member comes back", {{"group", group.id()},
                                        {"instance", instance_id},
                                        {"old_member", old_member_id},
                                        {"new_member", new_member_id}});

  Member& old = *group.find(old_member_id);
  fail_waiting_join(turn, old, wire::KafkaError::kFencedInstanceId, old_member_id);
  fail_waiting_sync(turn, old, wire::KafkaError::kFencedInstanceId);
  turn.state.timers.cancel({TimerKind::kSession, group.id(), old_member_id});

  Member before = old;
  Member& member = group.rename_static(instance_id, std::move(new_member_id));
  member.client_id = joining.client_id;
  member.client_host = joining.client_host;
  take_over(member, std::move(joining));
  turn.expect_heartbeat(group, member);

  switch (group.state()) {
    case GroupState::kStable:
      if (group.protocol_name() == group.select_protocol()) {
        keep_place(turn, group, member, std::move(before), leader_before);
      } else {
        begin_rebalance(turn, group, "a static member came back with other protocols");
      }
      return;
    case GroupState::kCompletingRebalance:
      // The leader may be assigning to the old id already.
      begin_rebalance(turn, group, "a static member came back");
      return;
    case GroupState::kPreparingRebalance:
    case GroupState::kEmpty:
      complete_if_all_joined(turn, group);
      return;
  }
}

void static_member_replaced(Turn& turn, const std::string& group_id, StaticMemberReplaced replaced,
                            wire::KafkaError error) {
  Group* const group = turn.find_group(group_id);
  Member* const member = group == nullptr ? nullptr : group->find(replaced.new_member_id);
  // It was answered already, or waits for a rebalance that began meanwhile.
  if (member == nullptr || member->awaiting_join.token != replaced.request.token) return;
  if (!group->is_in(GroupState::kStable) || group->generation() != replaced.generation) return;

  if (error == wire::KafkaError::kNone) {
    turn.answer(replaced.request.token, place_kept_response(*group, replaced));
    member->awaiting_join = {};
    turn.expect_heartbeat(*group, *member);
    return;
  }
  LOG_WARN("static member could not be stored",
           {{"group", group_id}, {"error", wire::kafka_error_name(error)}});
  fail_waiting_join(turn, *member, error, {});
  take_back(turn, *group, std::move(replaced));
}

}  // namespace millrace::broker
