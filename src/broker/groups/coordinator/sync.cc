// SyncGroup, versions 0–5.
//   Members wait for the leader; once its assignment is in the log, all get their part and the
//   group is stable. A member without a part gets empty bytes.
// Version notes: from v5 on the client must name the protocol, and it must be the group's.
// source  Kafka, GroupMetadataManager (classic groups); KIP-559

#include "broker/groups/coordinator/sync.h"

#include <optional>
#include <utility>

#include "base/log.h"
#include "broker/groups/consumer/classic_members.h"
#include "broker/groups/coordinator/rebalance.h"
#include "broker/groups/coordinator/responses.h"
#include "broker/groups/offsets/log_records.h"

namespace millrace::broker {

namespace {

constexpr std::int16_t kProtocolRequiredSince = 5;

bool differs(const std::optional<std::string>& said, const std::optional<std::string>& is) {
  return said && is && *said != *is;
}

wire::KafkaError check(Turn& turn, const GroupCaller& caller,
                       const wire::SyncGroupRequest& request) {
  if (request.group_id.empty()) return wire::KafkaError::kInvalidGroupId;
  if (caller.api_version >= kProtocolRequiredSince &&
      (!request.protocol_type || !request.protocol_name)) {
    return wire::KafkaError::kInconsistentGroupProtocol;
  }
  const Group* const group = turn.find_group(request.group_id);
  if (group == nullptr) return wire::KafkaError::kUnknownMemberId;
  const wire::KafkaError error = group->check_member(request.member_id, request.group_instance_id);
  if (error != wire::KafkaError::kNone) return error;
  if (request.generation_id != group->generation()) return wire::KafkaError::kIllegalGeneration;
  if (differs(request.protocol_type, group->protocol_type()) ||
      differs(request.protocol_name, group->protocol_name())) {
    return wire::KafkaError::kInconsistentGroupProtocol;
  }
  if (group->is_in(GroupState::kPreparingRebalance)) return wire::KafkaError::kRebalanceInProgress;
  return wire::KafkaError::kNone;
}

void store_assignment(Turn& turn, Group& group, wire::SyncGroupRequest request) {
  AssignmentStored stored;
  stored.generation = group.generation();
  for (const auto& [id, member] : group.members()) stored.by_member[id];
  for (auto& part : request.assignments) {
    const auto found = stored.by_member.find(part.member_id);
    if (found != stored.by_member.end()) found->second = std::move(part.assignment);
  }
  LogRecord record = group_record(group, stored.by_member);
  group.is_logged = true;
  turn.append(group.id(), {std::move(record)}, std::move(stored));
}

void wait_for_assignment(Turn& turn, Group& group, ParkedRequest parked,
                         wire::SyncGroupRequest request) {
  Member& member = *group.find(request.member_id);
  // A second request of one member: the first one has been given up by its client.
  fail_waiting_sync(turn, member, wire::KafkaError::kRebalanceInProgress);
  member.awaiting_sync = parked;
  note_sync(turn, group, member);
  if (group.is_leader(member.id)) store_assignment(turn, group, std::move(request));
}

}  // namespace

void sync(Turn& turn, RequestToken token, const GroupCaller& caller,
          wire::SyncGroupRequest request) {
  const bool names_protocol = caller.api_version < kProtocolRequiredSince ||
                              (request.protocol_type && request.protocol_name);
  ConsumerGroup* const consumer_group = turn.find_consumer_group(request.group_id);
  if (consumer_group != nullptr && names_protocol) {
    return sync_consumer_group(turn, *consumer_group, token, request);
  }
  const wire::KafkaError error = check(turn, caller, request);
  if (error != wire::KafkaError::kNone) {
    turn.answer(token, sync_error(error));
    return;
  }
  Group& group = *turn.find_group(request.group_id);
  if (group.is_in(GroupState::kCompletingRebalance)) {
    wait_for_assignment(turn, group, {token, caller.api_version}, std::move(request));
    return;
  }
  Member& member = *group.find(request.member_id);
  note_sync(turn, group, member);
  turn.answer(token, sync_success(group, member));
}

void assignment_stored(Turn& turn, const std::string& group_id, AssignmentStored stored,
                       wire::KafkaError error) {
  Group* const group = turn.find_group(group_id);
  // Another rebalance began meanwhile, and those who waited have been told.
  if (group == nullptr || !group->is_in(GroupState::kCompletingRebalance)) return;
  if (group->generation() != stored.generation) return;

  if (error != wire::KafkaError::kNone) {
    LOG_WARN("assignment could not be stored",
             {{"group", group_id}, {"error", wire::kafka_error_name(error)}});
    for (auto& [id, member] : group->members()) fail_waiting_sync(turn, member, error);
    begin_rebalance(turn, *group, "the assignment could not be stored");
    return;
  }
  group->move_to(GroupState::kStable, turn.now.wall);
  for (auto& [id, member] : group->members()) {
    member.assignment = std::move(stored.by_member[id]);
    const ParkedRequest request = std::exchange(member.awaiting_sync, {});
    if (!request.is_waiting()) continue;
    turn.answer(request.token, sync_success(*group, member));
    turn.expect_heartbeat(*group, member);
  }
}

}  // namespace millrace::broker
