// RecordCollector: where a task puts the records it sends.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/strong_id.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/record.h"

namespace millrace::streams {

/// A topic that a collector knows; found once by name, when a task starts.
using OutputTopic = StrongId<struct OutputTopicTag, std::int32_t>;

/// A record to be sent. Views are read before send() returns.
struct OutputRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  Timestamp timestamp = kNoTimestamp;
  std::span<const HeaderView> headers = {};
  std::optional<PartitionId> partition = {};
  /// When given: places the record as if this were its key (windowed keys go by the key alone).
  std::optional<std::string_view> partition_key = {};
};

/// Failures are kept by the collector and reported when its owner commits.
class RecordCollector {
 public:
  virtual ~RecordCollector() = default;
  virtual OutputTopic topic(std::string_view name) = 0;
  virtual void send(OutputTopic topic, const OutputRecord& record) = 0;
  /// The offset after the last record of this collector that the partition is known to hold;
  /// kNoOffset when there is none, or nobody says.
  virtual Offset acknowledged_end(OutputTopic topic, PartitionId partition) const = 0;
};

}  // namespace millrace::streams
