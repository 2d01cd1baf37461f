// LeaveGroup, versions 0–5.
//   Each member of the request has a result of its own; the rebalance comes once, at the end.
// Version notes: until v2 one member leaves, and its result is the response's error.
// source  Kafka, GroupMetadataManager (classic groups); KIP-345

#include "broker/groups/coordinator/leave.h"

#include <utility>

#include "base/log.h"
#include "broker/groups/consumer/classic_members.h"
#include "broker/groups/coordinator/rebalance.h"

namespace millrace::broker {

namespace {

constexpr std::int16_t kBatchSince = 3;

wire::KafkaError leave_one(Turn& turn, Group& group,
                           const wire::LeaveGroupRequest::MemberIdentity& identity) {
  std::string member_id = identity.member_id;
  if (member_id.empty()) {
    const std::string* const holder =
        identity.group_instance_id ? group.static_member_id(*identity.group_instance_id) : nullptr;
    if (holder == nullptr) return wire::KafkaError::kUnknownMemberId;
    member_id = *holder;
  } else if (!group.is_pending(member_id)) {
    const wire::KafkaError error = group.check_member(member_id, identity.group_instance_id);
    if (error != wire::KafkaError::kNone) return error;
  }
  LOG_INFO("member leaves", {{"group", group.id()},
                             {"member", member_id},
                             {"reason", identity.reason.value_or("not given")}});
  remove_member(turn, group, member_id);
  return wire::KafkaError::kNone;
}

void rebalance_after_leave(Turn& turn, Group& group) {
  if (group.is_in(GroupState::kEmpty)) return;
  rebalance_or_complete(turn, group, "members left");
}

}  // namespace

void leave(Turn& turn, RequestToken token, const GroupCaller& caller,
           wire::LeaveGroupRequest request) {
  wire::LeaveGroupResponse response;
  if (request.group_id.empty()) {
    response.error_code = code_of(wire::KafkaError::kInvalidGroupId);
    turn.answer(token, std::move(response));
    return;
  }
  if (caller.api_version < kBatchSince) {
    request.members.clear();
    request.members.push_back({.member_id = std::move(request.member_id),
                               .group_instance_id = std::nullopt,
                               .reason = std::nullopt});
  }

  if (ConsumerGroup* const group = turn.find_consumer_group(request.group_id)) {
    return leave_consumer_group(turn, *group, {token, std::move(response)}, request,
                                caller.api_version);
  }
  Group* const group = turn.find_group(request.group_id);
  bool somebody_left = false;
  for (const auto& identity : request.members) {
    const wire::KafkaError error =
        group == nullptr ? wire::KafkaError::kUnknownMemberId : leave_one(turn, *group, identity);
    somebody_left = somebody_left || error == wire::KafkaError::kNone;
    response.members.push_back({.member_id = identity.member_id,
                                .group_instance_id = identity.group_instance_id,
                                .error_code = code_of(error)});
  }
  if (somebody_left) rebalance_after_leave(turn, *group);

  if (caller.api_version < kBatchSince) {
    response.error_code = response.members.front().error_code;
    response.members.clear();
  }
  turn.answer(token, std::move(response));
}

}  // namespace millrace::broker
