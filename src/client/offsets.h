// Offsets as consumers and admins speak of them: what is committed, and what is asked for and
// found.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "model/offset_and_metadata.h"
#include "model/topic_partition.h"

namespace millrace::client {

using PartitionList = std::vector<TopicPartition>;

using OffsetsToCommit = std::map<TopicPartition, OffsetAndMetadata>;
using CommittedOffsets = std::map<TopicPartition, OffsetAndMetadata>;

struct OffsetAndTimestamp {
  Offset offset;
  Timestamp timestamp;
};

/// Which offset is asked for: one of Kafka's marks, or the first at or after a time.
struct OffsetSpec {
  std::int64_t timestamp;

  static OffsetSpec earliest() { return {-2}; }
  static OffsetSpec latest() { return {-1}; }
  /// The first record that has the largest timestamp. Brokers from Kafka 3.0 on know it.
  static OffsetSpec max_timestamp() { return {-3}; }
  /// Where tiered storage is used: where the log begins on the leader's own disk (from 3.4 on), the
  /// end of what lies in the tier (3.9), the beginning of what is still to go there (4.2).
  /// Elsewhere the log's start, and nothing.
  static OffsetSpec earliest_local() { return {-4}; }
  static OffsetSpec latest_tiered() { return {-5}; }
  static OffsetSpec earliest_pending_upload() { return {-6}; }
  static OffsetSpec at(Timestamp time) { return {time.value()}; }
};

struct ListedOffset {
  Offset offset = kNoOffset;  // kNoOffset when no record is that late
  Timestamp timestamp = kNoTimestamp;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
};

}  // namespace millrace::client
