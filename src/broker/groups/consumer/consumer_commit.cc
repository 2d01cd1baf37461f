#include "broker/groups/consumer/consumer_commit.h"

#include "base/fault_point.h"
#include "base/probe.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;

constexpr std::int16_t kCommitByEpochSince = 9;

/// In the words of the protocol that the member speaks.
KafkaError stale(const ConsumerMember& member) {
  PROBE("broker: a commit of another member epoch was refused");
  return member.classic ? KafkaError::kIllegalGeneration : KafkaError::kStaleMemberEpoch;
}

/// Since which epoch the member has had the partition; nobody else has what it is yet to give up.
std::optional<std::int32_t> had_since(const ConsumerMember& member,
                                      const TopicIdPartition& partition) {
  for (const auto* const partitions : {&member.assigned, &member.to_revoke}) {
    if (const auto found = partitions->find(partition); found != partitions->end()) {
      return found->second;
    }
  }
  return std::nullopt;
}

/// Whether the member has had all of the request's partitions since `epoch`, or longer.
template <class Request>
bool has_had(const ConsumerMember& member, const GroupTopics& topics, const Request& request,
             std::int32_t epoch) {
  for (const auto& topic : request.topics) {
    const GroupTopics::Topic* const known = topics.find(topic.name);
    if (known == nullptr) return false;
    for (const auto& partition : topic.partitions) {
      const auto since = had_since(member, {known->id, partition.partition_index});
      if (!since || *since > epoch) return false;
    }
  }
  return true;
}

template <class Request>
KafkaError check_epoch_of_commit(const ConsumerMember& member, const GroupTopics& topics,
                                 const Request& request) {
  const std::int32_t epoch = request.generation_id_or_member_epoch;
  if (epoch == member.epoch) return KafkaError::kNone;
  // So do brokers that do not keep since when a member has had each partition.
  if (FAULT_POINT("a commit counts in the latest member epoch only")) return stale(member);
  const bool counts = epoch < member.epoch && has_had(member, topics, request, epoch);
  return counts ? KafkaError::kNone : stale(member);
}

}  // namespace

KafkaError check_commit(const ConsumerGroup& group, const GroupTopics& topics,
                        const GroupCaller& caller, const wire::OffsetCommitRequest& request) {
  if (request.generation_id_or_member_epoch < 0 && group.is_empty()) return KafkaError::kNone;
  const ConsumerMember* const member = group.find(request.member_id);
  if (member == nullptr) return KafkaError::kUnknownMemberId;
  if (!member->classic && caller.api_version < kCommitByEpochSince) {
    return KafkaError::kUnsupportedVersion;
  }
  return check_epoch_of_commit(*member, topics, request);
}

KafkaError check_transactional_commit(const ConsumerGroup& group, const GroupTopics& topics,
                                      const wire::TxnOffsetCommitRequest& request) {
  const bool names_nobody =
      request.generation_id_or_member_epoch < 0 &&
      (group.is_empty() || (request.member_id.empty() && !request.group_instance_id));
  if (names_nobody) return KafkaError::kNone;
  const ConsumerMember* const member = group.find(request.member_id);
  if (member == nullptr) return KafkaError::kUnknownMemberId;
  const KafkaError error = check_epoch_of_commit(*member, topics, request);
  // Producers know generations only.
  return error == KafkaError::kStaleMemberEpoch ? KafkaError::kIllegalGeneration : error;
}

KafkaError check_fetch(const ConsumerGroup& group, const std::optional<std::string>& member_id,
                       std::int32_t epoch) {
  if (!member_id && epoch < 0) return KafkaError::kNone;
  const ConsumerMember* const member = group.find(member_id.value_or(""));
  if (member == nullptr) return KafkaError::kUnknownMemberId;
  if (epoch == member->epoch) return KafkaError::kNone;
  return stale(*member);
}

}  // namespace millrace::broker
