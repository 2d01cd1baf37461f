// Offsets as consumers and admins speak of them: what is committed, and what is asked for and
// found.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "model/topic_partition.h"

namespace millrace::client {

using PartitionList = std::vector<TopicPartition>;

/// What a group commits for a partition, and is told of it again.
struct OffsetAndMetadata {
  Offset offset;  // of the next record to read
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  std::string metadata = {};

  bool operator==(const OffsetAndMetadata&) const = default;
};
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
  static OffsetSpec max_timestamp() { return {-3}; }
  static OffsetSpec at(Timestamp time) { return {time.value()}; }
};

struct ListedOffset {
  Offset offset = kNoOffset;  // kNoOffset when no record is that late
  Timestamp timestamp = kNoTimestamp;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
};

}  // namespace millrace::client
