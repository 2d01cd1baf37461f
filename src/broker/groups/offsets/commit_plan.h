// What OffsetCommit and TxnOffsetCommit have in common: requests and responses of the same shape.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "broker/groups/coordinator/turn.h"
#include "broker/groups/offsets/log_records.h"

namespace millrace::broker {

// What a record's string can hold.
inline constexpr std::int32_t kMetadataBytesLimit = 32'767;

/// Writes `error` over every partition that had none.
template <class Response>
void fail_all(Response& response, wire::KafkaError error) {
  for (auto& topic : response.topics) {
    for (auto& partition : topic.partitions) {
      if (partition.error_code == 0) partition.error_code = code_of(error);
    }
  }
}

/// The offsets that can be stored, and the response as it is when they are. Metadata that is too
/// long fails its own partition.
/// Plan  has a `response` and `changes`
template <class Plan, class Request>
Plan plan_commit(const Turn& turn, Request& request) {
  const auto metadata_bytes_max = static_cast<std::size_t>(
      std::clamp(turn.state.config.offset_metadata_bytes_max, 0, kMetadataBytesLimit));
  Plan plan;
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
           .value = CommittedOffset{{.offset = Offset{partition.committed_offset},
                                     .leader_epoch = LeaderEpoch{partition.committed_leader_epoch},
                                     .metadata = std::move(metadata)},
                                    turn.now.wall}});
    }
  }
  return plan;
}

inline std::vector<LogRecord> records_of(const std::string& group_id,
                                         const std::vector<OffsetChange>& changes) {
  std::vector<LogRecord> records;
  records.reserve(changes.size());
  for (const OffsetChange& change : changes) records.push_back(offset_record(group_id, change));
  return records;
}

}  // namespace millrace::broker
