// Which old segments may go: a decision about numbers, apart from the files it is about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/time.h"
#include "model/ids.h"

namespace millrace::storage {

/// A segment as retention sees it, oldest first in its log.
struct SegmentAge {
  Offset next_offset;  // where the next segment starts
  std::uint64_t size_bytes = 0;
  /// The time of its newest record, or of its file when no record has one; kNoTimestamp when that
  /// is not known either.
  Timestamp newest = kNoTimestamp;
};

struct RetentionPolicy {
  std::int64_t size_bytes_max = -1;  // -1: without limit
  std::int64_t age_ms_max = -1;      // -1: without limit
};

/// How many segments, counted from the oldest, may be deleted: those that lie wholly before
/// `log_start`, those older than the policy's age (by their newest record), and those that the log
/// can lose without getting smaller than the policy's size. The last one is counted too when it
/// qualifies; whoever deletes it first starts a new one. A segment of unknown age stays, and so do
/// those after it.
/// source  Kafka's LogSegment.largestTimestamp
std::size_t expired_segments(std::span<const SegmentAge> segments, Offset log_start,
                             const RetentionPolicy& policy, Timestamp now);

}  // namespace millrace::storage
