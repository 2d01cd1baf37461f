#include "client/admin.h"
#include "client/admin/admin_core.h"
#include "client/consumer/offset_requests.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_delete.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

/// The error of all partitions, when that is one that a later try may not meet: it is the
/// coordinator's then, and not a partition's.
KafkaError coordinator_error(const wire::OffsetCommitResponse& answer) {
  for (const auto& topic : answer.topics) {
    for (const auto& each : topic.partitions) {
      const auto code = static_cast<KafkaError>(each.error_code);
      return wire::is_retriable(wire::error_class(code)) ? code : KafkaError::kNone;
    }
  }
  return KafkaError::kNone;
}

/// What was answered for each partition.
/// deed  for errors: "commit of group g"
template <class Topics>
Outcomes<TopicPartition, void> outcomes_in(const Topics& topics, const std::string& deed) {
  Outcomes<TopicPartition, void> outcomes;
  for (const auto& topic : topics) {
    for (const auto& each : topic.partitions) {
      const TopicPartition partition{topic.name, PartitionId{each.partition_index}};
      outcomes.emplace(partition,
                       admin_outcome(each.error_code, fmt::format("{} for {}", deed, partition)));
    }
  }
  return outcomes;
}

}  // namespace

Result<CommittedOffsets> Admin::list_group_offsets(const std::string& group_id) {
  return core().await<CommittedOffsets>([&](Done<CommittedOffsets> done) {
    fetch_committed(*core().cluster_, group_id, std::nullopt, RequireStable::kNo, core().deadline(),
                    std::move(done));
  });
}

Result<Outcomes<TopicPartition, void>> Admin::alter_group_offsets(const std::string& group_id,
                                                                  const OffsetsToCommit& offsets) {
  if (offsets.empty()) return Outcomes<TopicPartition, void>{};
  auto answer = core().ask<wire::OffsetCommitRequest, wire::OffsetCommitResponse>(
      Target::coordinator(CoordinatorKey::group(group_id)),
      commit_request({.group_id = group_id}, offsets), coordinator_error);
  if (!answer.ok()) return std::move(answer).error();
  return outcomes_in(answer->topics, "commit of group " + group_id);
}

Result<Outcomes<TopicPartition, void>> Admin::delete_group_offsets(
    const std::string& group_id, const std::set<TopicPartition>& partitions) {
  if (partitions.empty()) return Outcomes<TopicPartition, void>{};
  wire::OffsetDeleteRequest request;
  request.group_id = group_id;
  for (const TopicPartition& each : partitions) {
    if (request.topics.empty() || request.topics.back().name != each.topic) {
      request.topics.push_back({.name = each.topic, .partitions = {}});
    }
    request.topics.back().partitions.push_back({each.partition.value()});
  }
  using Response = wire::OffsetDeleteResponse;
  auto answer = core().ask<wire::OffsetDeleteRequest, Response>(
      Target::coordinator(CoordinatorKey::group(group_id)), std::move(request),
      [](const Response& each) { return static_cast<KafkaError>(each.error_code); });
  if (!answer.ok()) return std::move(answer).error();
  const std::string deed = "delete offsets of group " + group_id;
  if (answer->error_code != 0) return admin_error(answer->error_code, deed);
  return outcomes_in(answer->topics, deed);
}

}  // namespace millrace::client
