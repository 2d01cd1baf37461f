// What of a log is to be cleaned, and whether it is time: decisions about numbers, apart from the
// files they are about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "storage/log_config.h"

namespace millrace::storage {

/// A segment as cleaning sees it, oldest first in its log.
struct CleanableSegment {
  Offset base;
  Offset next;  // where the next segment begins
  std::uint64_t size_bytes = 0;
  /// The time of its newest record, or of its file when no record has one: asked for where
  /// min.compaction.lag.ms is set.
  Timestamp newest = kNoTimestamp;
  /// The largest time of its first batch: asked for where max.compaction.lag.ms is set.
  Timestamp first_batch = kNoTimestamp;
};

struct CleaningLimits {
  Offset log_start;
  /// Where the last cleaning ended; nothing when there was none.
  std::optional<Offset> checkpoint;
  /// Nothing from here on is cleaned: it may not be on disk, or be of an open transaction.
  Offset stable_end;
};

struct CleaningPlan {
  Offset first_dirty;
  Offset end;  // of what may be cleaned: where a segment begins
  std::uint64_t clean_bytes = 0;
  std::uint64_t dirty_bytes = 0;
  /// A record has been waiting for longer than max.compaction.lag.ms.
  bool is_overdue = false;
  /// Whether the log is dirty enough, or overdue.
  bool is_due = false;

  double dirty_ratio() const {
    const auto all = static_cast<double>(clean_bytes + dirty_bytes);
    return all == 0 ? 0 : static_cast<double>(dirty_bytes) / all;
  }
};

/// segments  all of the log; the last one takes appends and is never cleaned
/// source    Kafka's LogCleanerManager
CleaningPlan plan_cleaning(std::span<const CleanableSegment> segments, const CleaningLimits& limits,
                           const LogConfig& config, Timestamp now);

/// Offsets from `from` up to, not including, `before`.
struct CleaningRun {
  Offset from;
  Offset before;
  std::size_t segment_count = 0;
  bool operator==(const CleaningRun&) const = default;
};

/// Which neighbours become one segment: as many as fit into one by their size as they are, by their
/// index and by their offsets. From the segment that holds `log_start` on, up to the one before
/// `end`.
std::vector<CleaningRun> group_segments(std::span<const CleanableSegment> segments,
                                        Offset log_start, Offset end, const LogConfig& config);

}  // namespace millrace::storage
