// OffsetCommit, versions 2–10.
//   A member commits with its id and generation; a consumer that manages its partitions itself
//   commits with generation -1, and only while the group has no members.
//   Between the end of a join and the assignment nobody commits: REBALANCE_IN_PROGRESS.
//   A commit counts, and is answered, when it is in the log.
// Version notes: from v9 on a missing group is GROUP_ID_NOT_FOUND, before it is ILLEGAL_GENERATION.
// source  Kafka, OffsetMetadataManager and ClassicGroup

#include "broker/groups/offsets/offset_commit.h"

#include <algorithm>
#include <utility>

#include "base/probe.h"
#include "broker/coordination/append_error.h"
#include "broker/groups/offsets/log_records.h"

namespace millrace::broker {

namespace {

constexpr std::int16_t kCommitNotFoundSince = 9;
// What a record's string can hold.
constexpr std::int32_t kMetadataBytesLimit = 32'767;

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

/// Writes `error` over every partition that had none.
void fail_all(wire::OffsetCommitResponse& response, wire::KafkaError error) {
  for (auto& topic : response.topics) {
    for (auto& partition : topic.partitions) {
      if (partition.error_code == 0) partition.error_code = code_of(error);
    }
  }
}

OffsetsCommitted plan_commit(const Turn& turn, wire::OffsetCommitRequest& request) {
  const auto metadata_bytes_max = static_cast<std::size_t>(
      std::clamp(turn.state.config.offset_metadata_bytes_max, 0, kMetadataBytesLimit));
  OffsetsCommitted plan;
  for (auto& topic : request.topics) {
    auto& answered = plan.response.topics.emplace_back();
    answered.name = topic.name;
    answered.topic_id = topic.topic_id;
    for (auto& partition : topic.partitions) {
      auto& result = answered.partitions.emplace_back();
      result.partition_index = partition.partition_index;
      std::string metadata = std::move(partition.committed_metadata).value_or("");
      if (metadata.size() > metadata_bytes_max) {
        result.error_code = code_of(wire::KafkaError::kOffsetMetadataTooLarge);
        continue;
      }
      plan.changes.push_back(
          {.topic = topic.name,
           .partition = partition.partition_index,
           .value = CommittedOffset{.offset = Offset{partition.committed_offset},
                                    .leader_epoch = LeaderEpoch{partition.committed_leader_epoch},
                                    .metadata = std::move(metadata),
                                    .committed_at = turn.now.wall}});
    }
  }
  return plan;
}

}  // namespace

void commit_offsets(Turn& turn, RequestToken token, const GroupCaller& caller,
                    wire::OffsetCommitRequest request) {
  Group* const group = turn.find_group(request.group_id);
  const wire::KafkaError error = check(group, caller, request);
  OffsetsCommitted plan = plan_commit(turn, request);
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

  std::vector<LogRecord> records;
  records.reserve(plan.changes.size());
  for (const OffsetChange& change : plan.changes) {
    records.push_back(offset_record(request.group_id, change));
  }
  turn.append(request.group_id, std::move(records), std::move(plan));
}

void offsets_committed(Turn& turn, const std::string& group_id, OffsetsCommitted committed,
                       wire::KafkaError error) {
  if (error != wire::KafkaError::kNone) {
    fail_all(committed.response,
             error_of_append(error, wire::KafkaError::kInvalidCommitOffsetSize));
  } else {
    // A consumer that only stores offsets has no group before its first commit.
    turn.find_or_create_group(group_id);
    for (const OffsetChange& change : committed.changes) {
      turn.state.offsets.apply(group_id, change);
    }
  }
  turn.answer(committed.token, std::move(committed.response));
}

}  // namespace millrace::broker
