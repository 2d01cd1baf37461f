#include "broker/fetching/fetch_read.h"

#include <algorithm>
#include <utility>

#include "base/fault_point.h"
#include "broker/fetching/replica_selection.h"
#include "broker/handlers/replies.h"

namespace millrace::broker {

namespace {

using wire::FetchRequest;
using wire::FetchResponse;
using wire::KafkaError;
using PartitionData = FetchResponse::PartitionData;

constexpr std::int8_t kFetchCommitted = 1;

class FetchReader {
 public:
  FetchReader(const FetchRequest& request, const FetchLimits& limits)
      : request_(request),
        limits_(limits),
        budget_(
            std::min(limits.bytes_max, static_cast<std::size_t>(std::max(request.max_bytes, 0)))) {
    // One batch there is always, whatever the limit.
    if (FAULT_POINT("a fetch gives less than it could")) budget_ = 1;
  }

  /// partition  null: unknown, which `unknown` names
  PartitionData read(const Partition* partition, KafkaError unknown,
                     const FetchRequest::FetchPartition& wanted) {
    ++found_.asked_count;
    PartitionData data = blank(wanted.partition);
    if (partition == nullptr) {
      ++found_.unknown_count;
      data.aborted_transactions.emplace();  // as Kafka has it for what it does not know
      return with_error(std::move(data), unknown);
    }
    const auto not_here = check_node(*partition, wanted.current_leader_epoch);
    if (not_here != KafkaError::kNone) return led_elsewhere(std::move(data), *partition, not_here);
    if (is_from_replica(request_))
      return refused(std::move(data), KafkaError::kNotLeaderOrFollower);
    if (const auto nearer = nearer_replica(*partition, wanted)) {
      fill_ends(*partition, data);
      data.preferred_read_replica = nearer->value();
      found_.is_urgent = true;
      return data;
    }
    // The error is the one that Kafka gives.
    if (request_.max_bytes < 0 || wanted.partition_max_bytes < 0)
      return refused(std::move(data), KafkaError::kUnknownServerError);

    data.log_start_offset = partition->log().log_start_offset().value();
    if (wanted.last_fetched_epoch >= 0 && diverges(*partition, wanted, data)) return data;
    read_records(*partition, wanted, data);
    return data;
  }

  FetchFound take() && { return std::move(found_); }
  FetchResponse& response() { return found_.response; }

 private:
  static constexpr std::int16_t kReadFromReplicasSince = 11;

  /// Whom the leader sends the reader to, without records; not for an offset that no replica has.
  std::optional<BrokerId> nearer_replica(const Partition& partition,
                                         const FetchRequest::FetchPartition& wanted) const {
    const bool is_asked = limits_.racks != nullptr && !request_.rack_id.empty() &&
                          limits_.api_version >= kReadFromReplicasSince;
    if (!is_asked || partition.leader() != limits_.node) return std::nullopt;
    const Offset offset{wanted.fetch_offset};
    if (offset < partition.log().log_start_offset() || offset > partition.log().log_end_offset())
      return std::nullopt;
    return replica_in_rack(partition.placement(), *limits_.racks->list(), request_.rack_id);
  }

  /// Clients that can be sent to a nearer replica are served by any; older ones by the leader.
  KafkaError check_node(const Partition& partition, std::int32_t current_leader_epoch) const {
    return limits_.api_version >= kReadFromReplicasSince
               ? check_may_read(partition, limits_.node, current_leader_epoch)
               : check_leads(partition, limits_.node, current_leader_epoch);
  }

  PartitionData led_elsewhere(PartitionData data, const Partition& partition, KafkaError error) {
    constexpr std::int16_t kLeaderNamedSince = 12;
    if (limits_.api_version >= kLeaderNamedSince && asks_for_the_leader(error)) {
      const Leadership leadership = partition.leadership();
      data.current_leader.leader_id = leadership.leader.value();
      data.current_leader.leader_epoch = leadership.epoch.value();
    }
    return refused(std::move(data), error);
  }

  static PartitionData blank(std::int32_t index) {
    PartitionData data;
    data.partition_index = index;
    data.high_watermark = -1;
    data.aborted_transactions.reset();
    return data;
  }

  PartitionData refused(PartitionData data, KafkaError error) {
    found_.is_urgent = true;
    return with_error(std::move(data), error);
  }

  static PartitionData with_error(PartitionData data, KafkaError error) {
    data.error_code = code_of(error);
    data.log_start_offset = -1;
    return data;
  }

  /// Whether the client's history left ours; then `data` says where.   source  KIP-320
  bool diverges(const Partition& partition, const FetchRequest::FetchPartition& wanted,
                PartitionData& data) {
    const auto end = partition.end_offset_for_epoch(LeaderEpoch{wanted.last_fetched_epoch});
    if (end.end_offset == kNoOffset) {
      data = refused(std::move(data), KafkaError::kOffsetOutOfRange);
      return true;
    }
    if (end.epoch.value() >= wanted.last_fetched_epoch &&
        end.end_offset.value() >= wanted.fetch_offset)
      return false;
    fill_ends(partition, data);
    data.diverging_epoch.epoch = end.epoch.value();
    data.diverging_epoch.end_offset = end.end_offset.value();
    found_.is_urgent = true;
    return true;
  }

  void read_records(const Partition& partition, const FetchRequest::FetchPartition& wanted,
                    PartitionData& data) {
    const auto partition_max = static_cast<std::size_t>(wanted.partition_max_bytes);
    const auto first = found_.bytes == 0 ? storage::MinOneBatch::kYes : storage::MinOneBatch::kNo;
    const Offset from{wanted.fetch_offset};
    const std::size_t bytes_max = std::min(partition_max, budget_);
    if (request_.isolation_level == kFetchCommitted) {
      auto found = partition.log().read_committed(from, bytes_max, first);
      if (!found.ok()) return refuse(data, found.error());
      fill_ends(partition, data);
      data.last_stable_offset = found->last_stable_offset.value();
      fill_aborted(found->aborted, data.aborted_transactions.emplace());
      return add_records(found->slice, data);
    }
    const auto found = partition.log().read(from, bytes_max, first, partition.high_watermark());
    if (!found.ok()) return refuse(data, found.error());
    fill_ends(partition, data);
    add_records(*found, data);
  }

  void refuse(PartitionData& data, const Error& error) {
    data = refused(std::move(data), wire::kafka_error_of(error));
  }

  static void fill_aborted(const std::vector<storage::AbortedTransaction>& found,
                           std::vector<FetchResponse::AbortedTransaction>& aborted) {
    aborted.reserve(found.size());
    for (const auto& each : found) {
      aborted.push_back({each.producer_id.value(), each.first_offset.value()});
    }
  }

  void add_records(const storage::LogSlice& found, PartitionData& data) {
    const auto size = static_cast<std::size_t>(found.slice.size_bytes);
    if (size == 0) return;
    data.records = wire::Records::external(size);
    found_.bytes += size;
    budget_ -= std::min(budget_, size);
    found_.files.push_back(found.slice);
  }

  static void fill_ends(const Partition& partition, PartitionData& data) {
    data.high_watermark = partition.high_watermark().value();
    data.last_stable_offset = partition.last_stable_offset().value();
    data.log_start_offset = partition.log().log_start_offset().value();
  }

  const FetchRequest& request_;
  const FetchLimits& limits_;
  std::size_t budget_;
  FetchFound found_;
};

/// What there is to say of a topic that is not there.
KafkaError why_not(const FetchRequest::FetchTopic& wanted, NamedBy by, const TopicTable& topics) {
  if (by == NamedBy::kName || wanted.topic.empty()) return unknown_topic(by);
  return topics.find(wanted.topic) == nullptr ? KafkaError::kUnknownTopicOrPartition
                                              : KafkaError::kInconsistentTopicId;
}

}  // namespace

bool is_from_replica(const FetchRequest& request) {
  return request.replica_id >= 0 || request.replica_state.replica_id >= 0;
}

FetchFound read_fetch(const FetchRequest& request, const TopicTable& topics,
                      const FetchLimits& limits) {
  const NamedBy by = fetch_names_topics_by(limits.api_version);
  FetchReader reader(request, limits);
  for (const auto& wanted : request.topics) {
    const Topic* const topic = topics.find(by, wanted.topic, wanted.topic_id);
    const auto unknown =
        topic == nullptr ? why_not(wanted, by, topics) : KafkaError::kUnknownTopicOrPartition;
    auto& answer = reader.response().responses.emplace_back();
    answer.topic = wanted.topic;
    answer.topic_id = wanted.topic_id;
    for (const auto& partition : wanted.partitions) {
      answer.partitions.push_back(reader.read(
          topic == nullptr ? nullptr : topic->partition(partition.partition), unknown, partition));
    }
  }
  return std::move(reader).take();
}

}  // namespace millrace::broker
