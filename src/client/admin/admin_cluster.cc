#include <algorithm>

#include "client/admin.h"
#include "client/admin/admin_core.h"
#include "wire/messages/alter_partition_reassignments.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/describe_log_dirs.h"
#include "wire/messages/describe_quorum.h"
#include "wire/messages/elect_leaders.h"
#include "wire/messages/list_partition_reassignments.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

constexpr std::string_view kMetadataLog = "__cluster_metadata";

template <class Response>
KafkaError whole_error(const Response& response) {
  return static_cast<KafkaError>(response.error_code);
}

std::string context_of(std::string_view what, const TopicPartition& partition) {
  return fmt::format("{} {}", what, partition);
}

std::vector<BrokerId> brokers_of(const std::vector<std::int32_t>& numbers) {
  return {numbers.begin(), numbers.end()};
}

LogDirectoryDescription directory_of(
    const wire::DescribeLogDirsResponse::DescribeLogDirsResult& directory) {
  LogDirectoryDescription description{directory.log_dir, directory.total_bytes,
                                      directory.usable_bytes};
  for (const auto& topic : directory.topics) {
    for (const auto& each : topic.partitions)
      description.replicas.push_back({{topic.name, PartitionId{each.partition_index}},
                                      each.partition_size,
                                      each.offset_lag,
                                      each.is_future_key});
  }
  std::sort(description.replicas.begin(), description.replicas.end(),
            [](const auto& a, const auto& b) { return a.partition < b.partition; });
  return description;
}

Result<std::vector<LogDirectoryDescription>> directories_of(
    const wire::DescribeLogDirsResponse& answer, BrokerId broker) {
  const std::string context = fmt::format("log directories of broker {}", broker);
  if (answer.error_code != 0) return admin_error(answer.error_code, context);
  std::vector<LogDirectoryDescription> directories;
  for (const auto& each : answer.results) {
    if (each.error_code != 0)
      return admin_error(each.error_code, fmt::format("{}: {}", context, each.log_dir));
    directories.push_back(directory_of(each));
  }
  return directories;
}

std::vector<QuorumReplica> replicas_of(
    const std::vector<wire::DescribeQuorumResponse::ReplicaState>& states) {
  std::vector<QuorumReplica> replicas;
  for (const auto& each : states)
    replicas.push_back({BrokerId{each.replica_id}, each.replica_directory_id,
                        Offset{each.log_end_offset}, Timestamp{each.last_fetch_timestamp},
                        Timestamp{each.last_caught_up_timestamp}});
  return replicas;
}

}  // namespace

Result<Outcomes<BrokerId, std::vector<LogDirectoryDescription>>> Admin::describe_log_dirs(
    const std::vector<BrokerId>& brokers) {
  Outcomes<BrokerId, std::vector<LogDirectoryDescription>> outcomes;
  for (const BrokerId broker : brokers) {
    wire::DescribeLogDirsRequest request;
    request.topics.reset();
    auto answer = core().ask<wire::DescribeLogDirsRequest, wire::DescribeLogDirsResponse>(
        Target::of(broker), std::move(request), whole_error<wire::DescribeLogDirsResponse>);
    if (answer.ok()) {
      outcomes.emplace(broker, directories_of(*answer, broker));
    } else {
      if (answer.error().code == ErrorCode::kCancelled) return std::move(answer).error();
      outcomes.emplace(broker, std::move(answer).error());
    }
  }
  return outcomes;
}

Result<QuorumDescription> Admin::describe_quorum() {
  using Response = wire::DescribeQuorumResponse;
  wire::DescribeQuorumRequest request;
  auto& topic = request.topics.emplace_back();
  topic.topic_name = std::string(kMetadataLog);
  topic.partitions.emplace_back();
  auto answer = core().ask<wire::DescribeQuorumRequest, Response>(Target::any(), std::move(request),
                                                                  whole_error<Response>);
  if (!answer.ok()) return std::move(answer).error();
  const std::string context = "the metadata quorum";
  if (answer->error_code != 0)
    return admin_error(answer->error_code, context, answer->error_message);
  if (answer->topics.empty() || answer->topics.front().partitions.empty())
    return Error{ErrorCode::kCorrupt, "the broker answered nothing about the metadata quorum"};
  const auto& quorum = answer->topics.front().partitions.front();
  if (quorum.error_code != 0) return admin_error(quorum.error_code, context, quorum.error_message);
  return QuorumDescription{BrokerId{quorum.leader_id}, LeaderEpoch{quorum.leader_epoch},
                           Offset{quorum.high_watermark}, replicas_of(quorum.current_voters),
                           replicas_of(quorum.observers)};
}

Result<FeaturesDescription> Admin::describe_features() {
  auto answer = core().ask<wire::ApiVersionsRequest, wire::ApiVersionsResponse>(
      Target::any(), {"millrace", "1"}, whole_error<wire::ApiVersionsResponse>);
  if (!answer.ok()) return std::move(answer).error();
  FeaturesDescription features;
  features.finalized_epoch = answer->finalized_features_epoch;
  for (const auto& each : answer->finalized_features)
    features.finalized[each.name] = {each.min_version_level, each.max_version_level};
  for (const auto& each : answer->supported_features)
    features.supported[each.name] = {each.min_version, each.max_version};
  return features;
}

Result<Outcomes<TopicPartition, void>> Admin::elect_leaders(
    ElectionType type, const std::optional<std::set<TopicPartition>>& partitions) {
  using Response = wire::ElectLeadersResponse;
  wire::ElectLeadersRequest request;
  request.election_type = static_cast<std::int8_t>(type);
  request.timeout_ms = static_cast<std::int32_t>(core().config_.api_timeout.count());
  request.topic_partitions.reset();
  if (partitions) {
    auto& topics = request.topic_partitions.emplace();
    for (const auto& partition : *partitions) {
      if (topics.empty() || topics.back().topic != partition.topic)
        topics.emplace_back().topic = partition.topic;
      topics.back().partitions.push_back(partition.partition.value());
    }
  }
  auto answer = core().ask<wire::ElectLeadersRequest, Response>(
      Target::controller(), std::move(request), whole_error<Response>);
  if (!answer.ok()) return std::move(answer).error();
  if (answer->error_code != 0) return admin_error(answer->error_code, "elect leaders");
  Outcomes<TopicPartition, void> outcomes;
  for (const auto& topic : answer->replica_election_results) {
    for (const auto& each : topic.partition_result) {
      const TopicPartition partition{topic.topic, PartitionId{each.partition_id}};
      outcomes.emplace(partition,
                       admin_outcome(each.error_code, context_of("elect a leader of", partition),
                                     each.error_message));
    }
  }
  return outcomes;
}

Result<Outcomes<TopicPartition, void>> Admin::alter_partition_reassignments(
    const std::map<TopicPartition, std::optional<std::vector<BrokerId>>>& replicas) {
  using Response = wire::AlterPartitionReassignmentsResponse;
  wire::AlterPartitionReassignmentsRequest request;
  request.timeout_ms = static_cast<std::int32_t>(core().config_.api_timeout.count());
  for (const auto& [partition, brokers] : replicas) {
    if (request.topics.empty() || request.topics.back().name != partition.topic)
      request.topics.emplace_back().name = partition.topic;
    auto& wanted = request.topics.back().partitions.emplace_back();
    wanted.partition_index = partition.partition.value();
    if (!brokers) continue;
    wanted.replicas.emplace();
    for (const BrokerId broker : *brokers) wanted.replicas->push_back(broker.value());
  }
  auto answer = core().ask<wire::AlterPartitionReassignmentsRequest, Response>(
      Target::controller(), std::move(request), whole_error<Response>);
  if (!answer.ok()) return std::move(answer).error();
  if (answer->error_code != 0)
    return admin_error(answer->error_code, "reassign partitions", answer->error_message);
  Outcomes<TopicPartition, void> outcomes;
  for (const auto& topic : answer->responses) {
    for (const auto& each : topic.partitions) {
      const TopicPartition partition{topic.name, PartitionId{each.partition_index}};
      outcomes.emplace(partition, admin_outcome(each.error_code, context_of("reassign", partition),
                                                each.error_message));
    }
  }
  return outcomes;
}

Result<std::map<TopicPartition, OngoingReassignment>> Admin::list_partition_reassignments() {
  using Response = wire::ListPartitionReassignmentsResponse;
  wire::ListPartitionReassignmentsRequest request;
  request.topics.reset();
  auto answer = core().ask<wire::ListPartitionReassignmentsRequest, Response>(
      Target::controller(), std::move(request), whole_error<Response>);
  if (!answer.ok()) return std::move(answer).error();
  if (answer->error_code != 0)
    return admin_error(answer->error_code, "list reassignments", answer->error_message);
  std::map<TopicPartition, OngoingReassignment> ongoing;
  for (const auto& topic : answer->topics) {
    for (const auto& each : topic.partitions)
      ongoing[{topic.name, PartitionId{each.partition_index}}] = {
          brokers_of(each.replicas), brokers_of(each.adding_replicas),
          brokers_of(each.removing_replicas)};
  }
  return ongoing;
}

}  // namespace millrace::client
