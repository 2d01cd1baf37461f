// OffsetCommit, versions 2–10.
//   A member commits with its id and generation; a consumer that manages its partitions itself
//   commits with generation -1, and only while the group has no members.
//   Between the end of a join and the assignment nobody commits: REBALANCE_IN_PROGRESS.
//   A commit counts, and is answered, when it is in the log.
// Version notes: from v9 on a missing group is GROUP_ID_NOT_FOUND, before it is ILLEGAL_GENERATION.
// source  Kafka, OffsetMetadataManager and ClassicGroup

#include "broker/groups/offsets/offset_commit.h"

#include <utility>

#include "base/probe.h"
#include "broker/coordination/append_error.h"
#include "broker/groups/consumer/consumer_commit.h"
#include "broker/groups/offsets/commit_plan.h"
#include "broker/groups/offsets/transactional_commit.h"

namespace millrace::broker {

namespace {

constexpr std::int16_t kCommitNotFoundSince = 9;

wire::KafkaError check(const Group* group, const GroupCaller& caller,
                       const wire::OffsetCommitRequest& request) {
  if (request.group_id.size() > kNameBytesMax) return wire::KafkaError::kInvalidGroupId;
  const std::int32_t generation = request.generation_id_or_member_epoch;
  if (group == nullptr) {
    if (generation < 0) return wire::KafkaError::kNone;
    return caller.api_version >= kCommitNotFoundSince ? wire::KafkaError::kGroupIdNotFound
                                                      : wire::KafkaError::kIllegalGeneration;
  }
  if (generation < 0 && group->is_in(GroupState::kEmpty)) return wire::KafkaError::kNone;
  if (generation < 0 && request.member_id.empty() && !request.group_instance_id) {
    return wire::KafkaError::kUnknownMemberId;
  }
  const wire::KafkaError error = group->check_member(request.member_id, request.group_instance_id);
  if (error != wire::KafkaError::kNone) return error;
  if (generation != group->generation()) {
    PROBE("broker: a commit of another generation was refused");
    return wire::KafkaError::kIllegalGeneration;
  }
  if (group->is_in(GroupState::kCompletingRebalance)) {
    return wire::KafkaError::kRebalanceInProgress;
  }
  return wire::KafkaError::kNone;
}

}  // namespace

void commit_offsets(Turn& turn, RequestToken token, const GroupCaller& caller,
                    wire::OffsetCommitRequest request) {
  Group* const group = turn.find_group(request.group_id);
  const ConsumerGroup* const consumer_group = turn.find_consumer_group(request.group_id);
  const wire::KafkaError error =
      consumer_group != nullptr ? check_commit(*consumer_group, *turn.state.topics, caller, request)
                                : check(group, caller, request);
  auto plan = plan_commit<OffsetsCommitted>(turn, request);
  plan.token = token;
  if (error != wire::KafkaError::kNone || plan.changes.empty()) {
    if (error != wire::KafkaError::kNone) fail_all(plan.response, error);
    turn.answer(token, std::move(plan.response));
    return;
  }
  if (group != nullptr) {
    if (const Member* const member = group->find(request.member_id)) {
      turn.expect_heartbeat(*group, *member);
    }
  }

  auto records = records_of(request.group_id, plan.changes);
  turn.append(request.group_id, std::move(records), std::move(plan));
}

void offsets_committed(Turn& turn, const std::string& group_id, OffsetsCommitted committed,
                       wire::KafkaError error) {
  if (error != wire::KafkaError::kNone) {
    fail_all(committed.response,
             error_of_append(error, wire::KafkaError::kInvalidCommitOffsetSize));
  } else {
    // A consumer that only stores offsets has no group before its first commit.
    turn.ensure_group(group_id);
    for (const OffsetChange& change : committed.changes) {
      apply_offset(turn.state, group_id, change);
    }
  }
  turn.answer(committed.token, std::move(committed.response));
}

}  // namespace millrace::broker
