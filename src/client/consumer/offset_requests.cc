#include "client/consumer/offset_requests.h"

#include <algorithm>

#include "client/cluster/leader_questions.h"
#include "wire/messages/delete_records.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_fetch.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

struct OffsetListing {
  using Request = wire::ListOffsetsRequest;
  using Response = wire::ListOffsetsResponse;
  using PartitionResponse = Response::ListOffsetsPartitionResponse;
  using Asked = std::int64_t;
  using Answer = ListedOffset;
  static constexpr std::string_view kVerb = "offset of";

  void ask(Request& request, const TopicPartition& partition, std::int64_t timestamp,
           LeaderEpoch epoch) const {
    request.replica_id = -1;
    request.isolation_level = static_cast<std::int8_t>(isolation);
    if (request.topics.empty() || request.topics.back().name != partition.topic) {
      request.topics.push_back({.name = partition.topic, .partitions = {}});
    }
    Request::ListOffsetsPartition part;
    part.partition_index = partition.partition.value();
    part.current_leader_epoch = epoch.value();
    part.timestamp = timestamp;
    request.topics.back().partitions.push_back(part);
  }
  static const auto& topics_in(const Response& answer) { return answer.topics; }
  Answer read(const PartitionResponse& each) const {
    return {Offset{each.offset}, Timestamp{each.timestamp}, LeaderEpoch{each.leader_epoch}};
  }

  /// Older ones would take a mark for a time, or read what is not committed.
  wire::VersionRange versions() const { return {version_min, Request::kVersions.max}; }

  IsolationLevel isolation;
  std::int16_t version_min;
};

/// The first version of ListOffsets that knows what is asked.
std::int16_t first_version_of(std::int64_t timestamp) {
  if (timestamp <= OffsetSpec::earliest_pending_upload().timestamp) return 11;
  if (timestamp == OffsetSpec::latest_tiered().timestamp) return 9;
  if (timestamp == OffsetSpec::earliest_local().timestamp) return 8;
  if (timestamp == OffsetSpec::max_timestamp().timestamp) return 7;
  return wire::ListOffsetsRequest::kVersions.min;
}

struct RecordDeletion {
  using Request = wire::DeleteRecordsRequest;
  using Response = wire::DeleteRecordsResponse;
  using PartitionResponse = Response::DeleteRecordsPartitionResult;
  using Asked = Offset;
  using Answer = Offset;
  static constexpr std::string_view kVerb = "delete records of";

  void ask(Request& request, const TopicPartition& partition, Offset before,
           LeaderEpoch /*epoch*/) const {
    request.timeout_ms = timeout_ms;
    if (request.topics.empty() || request.topics.back().name != partition.topic) {
      request.topics.push_back({.name = partition.topic, .partitions = {}});
    }
    request.topics.back().partitions.push_back(
        {.partition_index = partition.partition.value(), .offset = before.value()});
  }
  static const auto& topics_in(const Response& answer) { return answer.topics; }
  Answer read(const PartitionResponse& each) const { return Offset{each.low_watermark}; }

  std::int32_t timeout_ms;
};

KafkaError first_error(const wire::OffsetFetchResponse& answer) {
  if (!answer.groups.empty() && answer.groups.front().error_code != 0) {
    return static_cast<KafkaError>(answer.groups.front().error_code);
  }
  if (answer.error_code != 0) return static_cast<KafkaError>(answer.error_code);
  const auto in_partitions = [](const auto& topics) {
    for (const auto& topic : topics) {
      for (const auto& each : topic.partitions) {
        if (each.error_code != 0) return static_cast<KafkaError>(each.error_code);
      }
    }
    return KafkaError::kNone;
  };
  if (answer.groups.empty()) return in_partitions(answer.topics);
  return in_partitions(answer.groups.front().topics);
}

template <class Topics>
CommittedOffsets committed_in(const Topics& topics) {
  CommittedOffsets committed;
  for (const auto& topic : topics) {
    for (const auto& each : topic.partitions) {
      if (each.committed_offset < 0) continue;
      committed[{topic.name, PartitionId{each.partition_index}}] = {
          Offset{each.committed_offset}, LeaderEpoch{each.committed_leader_epoch},
          each.metadata.value_or("")};
    }
  }
  return committed;
}

KafkaError first_error(const wire::OffsetCommitResponse& answer) {
  for (const auto& topic : answer.topics) {
    for (const auto& each : topic.partitions) {
      if (each.error_code != 0) return static_cast<KafkaError>(each.error_code);
    }
  }
  return KafkaError::kNone;
}

}  // namespace

void list_offsets(Cluster& cluster, std::map<TopicPartition, std::int64_t> wanted,
                  IsolationLevel isolation, MonotonicTime deadline,
                  std::function<void(ListedOffsets)> done) {
  constexpr std::int16_t kFirstWithIsolation = 2;
  std::int16_t version_min = isolation == IsolationLevel::kReadCommitted
                                 ? kFirstWithIsolation
                                 : wire::ListOffsetsRequest::kVersions.min;
  for (const auto& [partition, timestamp] : wanted) {
    version_min = std::max(version_min, first_version_of(timestamp));
  }
  LeaderQuestions<OffsetListing>::ask(cluster, {isolation, version_min}, std::move(wanted),
                                      deadline, std::move(done));
}

void delete_records(Cluster& cluster, std::map<TopicPartition, Offset> before, Millis timeout,
                    MonotonicTime deadline, std::function<void(RecordsDeleted)> done) {
  const RecordDeletion kind{static_cast<std::int32_t>(timeout.count())};
  LeaderQuestions<RecordDeletion>::ask(cluster, kind, std::move(before), deadline, std::move(done));
}

void fetch_committed(Cluster& cluster, const std::string& group,
                     const std::optional<std::vector<TopicPartition>>& partitions,
                     RequireStable stable, MonotonicTime deadline, Done<CommittedOffsets> done) {
  using Request = wire::OffsetFetchRequest;
  Request::OffsetFetchRequestGroup asked;
  asked.group_id = group;
  asked.topics.reset();
  if (partitions) {
    std::map<std::string, std::vector<std::int32_t>> by_topic;
    for (const TopicPartition& each : *partitions) {
      by_topic[each.topic].push_back(each.partition.value());
    }
    asked.topics.emplace();
    for (auto& [topic, indexes] : by_topic) {
      asked.topics->push_back(
          {.name = topic, .topic_id = {}, .partition_indexes = std::move(indexes)});
    }
  }
  Request request;
  request.require_stable = stable == RequireStable::kYes;
  request.groups.push_back(std::move(asked));
  using Response = wire::OffsetFetchResponse;
  cluster.call_until<Request, Response>(
      Target::coordinator(CoordinatorKey::group(group)), std::move(request), deadline,
      [](const Response& answer) { return first_error(answer); },
      [group, done = std::move(done)](Result<Response> answer) {
        if (!answer.ok()) return done(answer.error());
        if (const auto code = first_error(*answer); code != KafkaError::kNone) {
          return done(wire::make_error(code, "committed offsets of group " + group));
        }
        done(answer->groups.empty() ? committed_in(answer->topics)
                                    : committed_in(answer->groups.front().topics));
      });
}

wire::OffsetCommitRequest commit_request(const ConsumerGroupMetadata& membership,
                                         const OffsetsToCommit& offsets) {
  wire::OffsetCommitRequest request;
  request.group_id = membership.group_id;
  request.generation_id_or_member_epoch = membership.generation;
  request.member_id = membership.member_id;
  request.group_instance_id = membership.group_instance_id;
  for (const auto& [partition, commit] : offsets) {
    if (request.topics.empty() || request.topics.back().name != partition.topic) {
      request.topics.push_back({.name = partition.topic, .topic_id = {}, .partitions = {}});
    }
    wire::OffsetCommitRequest::OffsetCommitRequestPartition part;
    part.partition_index = partition.partition.value();
    part.committed_offset = commit.offset.value();
    part.committed_leader_epoch = commit.leader_epoch.value();
    part.committed_metadata = commit.metadata;
    request.topics.back().partitions.push_back(std::move(part));
  }
  return request;
}

void commit_offsets(Cluster& cluster, const ConsumerGroupMetadata& membership,
                    const OffsetsToCommit& offsets, MonotonicTime deadline,
                    std::function<void(Status)> done) {
  using Response = wire::OffsetCommitResponse;
  const std::string group = membership.group_id;
  cluster.call_until<wire::OffsetCommitRequest, Response>(
      Target::coordinator(CoordinatorKey::group(group)), commit_request(membership, offsets),
      deadline, [](const Response& answer) { return first_error(answer); },
      [group, done = std::move(done)](Result<Response> answer) {
        if (!answer.ok()) return done(answer.error());
        const auto code = first_error(*answer);
        if (code == KafkaError::kNone) return done({});
        done(wire::make_error(code, "commit of group " + group));
      });
}

}  // namespace millrace::client
