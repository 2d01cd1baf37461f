// Heartbeat, versions 0–4.
//   REBALANCE_IN_PROGRESS is how a member learns that it has to rejoin; it keeps its session alive.
// source  Kafka, GroupMetadataManager (classic groups)

#include "broker/groups/coordinator/heartbeat.h"

#include "base/log.h"
#include "broker/groups/consumer/classic_members.h"
#include "broker/groups/coordinator/rebalance.h"

namespace millrace::broker {

namespace {

wire::KafkaError check(Turn& turn, const wire::HeartbeatRequest& request) {
  if (request.group_id.empty()) return wire::KafkaError::kInvalidGroupId;
  if (ConsumerGroup* const group = turn.find_consumer_group(request.group_id)) {
    return heartbeat_consumer_group(turn, *group, request);
  }
  Group* const group = turn.find_group(request.group_id);
  if (group == nullptr) return wire::KafkaError::kUnknownMemberId;
  const wire::KafkaError error = group->check_member(request.member_id, request.group_instance_id);
  if (error != wire::KafkaError::kNone) return error;
  if (request.generation_id != group->generation()) return wire::KafkaError::kIllegalGeneration;

  turn.expect_heartbeat(*group, *group->find(request.member_id));
  return group->is_in(GroupState::kPreparingRebalance) ? wire::KafkaError::kRebalanceInProgress
                                                       : wire::KafkaError::kNone;
}

}  // namespace

void heartbeat(Turn& turn, RequestToken token, const wire::HeartbeatRequest& request) {
  wire::HeartbeatResponse response;
  response.error_code = code_of(check(turn, request));
  turn.answer(token, std::move(response));
}

void session_over(Turn& turn, Group& group, const std::string& member_id) {
  if (group.is_pending(member_id)) {
    group.remove(member_id);
    complete_if_all_joined(turn, group);
    return;
  }
  Member* const member = group.find(member_id);
  // Members that wait for us are heard of; their timer is set again when they get their answer.
  if (member == nullptr || !member->must_be_heard()) return;

  LOG_INFO("member is gone", {{"group", group.id()}, {"member", member_id}});
  remove_member(turn, group, member_id);
  if (group.is_in(GroupState::kPreparingRebalance)) {
    complete_if_all_joined(turn, group);
  } else {
    begin_rebalance(turn, group, "a member's session is over");
  }
}

}  // namespace millrace::broker
