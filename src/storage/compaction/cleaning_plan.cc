#include "storage/compaction/cleaning_plan.h"

#include <algorithm>

#include "base/saturating.h"
#include "storage/segment/segment_format.h"

namespace millrace::storage {
namespace {

bool is_too_young(const CleanableSegment& segment, const LogConfig& config, Timestamp now) {
  return config.min_compaction_lag_ms > 0 &&
         millis_between(segment.newest, now) < config.min_compaction_lag_ms;
}

bool is_overdue(const CleanableSegment& segment, const LogConfig& config, Timestamp now) {
  const std::int64_t lag = std::max(config.max_compaction_lag_ms, config.min_compaction_lag_ms);
  return segment.first_batch.value() > 0 && millis_between(segment.first_batch, now) > lag;
}

/// At most: one entry a batch, or one every index.interval.bytes.
std::int64_t index_bytes(const CleanableSegment& segment, const LogConfig& config) {
  const auto interval = std::max<std::int64_t>(
      config.index_interval_bytes, static_cast<std::int64_t>(wire::batch_format::kHeaderSize));
  return (static_cast<std::int64_t>(segment.size_bytes) / interval + 1) * 8;
}

}  // namespace

CleaningPlan plan_cleaning(std::span<const CleanableSegment> segments, const CleaningLimits& limits,
                           const LogConfig& config, Timestamp now) {
  CleaningPlan plan;
  if (segments.empty()) return plan;
  const CleanableSegment& active = segments.back();
  const Offset first = std::max(segments.front().base, limits.log_start);
  plan.first_dirty = std::max(limits.checkpoint.value_or(first), first);
  // A checkpoint beyond the log is of what an unclean stop took away: all is dirty again.
  if (plan.first_dirty > active.base) plan.first_dirty = first;
  plan.end = segments.front().base;
  for (const CleanableSegment& segment : segments.first(segments.size() - 1)) {
    if (segment.next > limits.stable_end) break;
    if (segment.next > plan.first_dirty && is_too_young(segment, config, now)) break;
    plan.end = segment.next;
    if (segment.next <= limits.log_start) continue;
    if (segment.next <= plan.first_dirty) {
      plan.clean_bytes += segment.size_bytes;
    } else {
      plan.dirty_bytes += segment.size_bytes;
      plan.is_overdue = plan.is_overdue || is_overdue(segment, config, now);
    }
  }
  plan.is_due = plan.dirty_bytes > 0 &&
                (plan.is_overdue || plan.dirty_ratio() > config.min_cleanable_dirty_ratio);
  return plan;
}

std::vector<CleaningRun> group_segments(std::span<const CleanableSegment> segments,
                                        Offset log_start, Offset end, const LogConfig& config) {
  std::vector<CleaningRun> runs;
  std::uint64_t size_bytes = 0;
  std::int64_t indexes = 0;
  for (const CleanableSegment& segment : segments) {
    if (segment.next <= log_start) continue;
    if (segment.base >= end) break;
    const bool joins =
        !runs.empty() &&
        size_bytes + segment.size_bytes <= static_cast<std::uint64_t>(config.segment_bytes) &&
        indexes + index_bytes(segment, config) <= config.segment_index_bytes &&
        segment.next - runs.back().from <= INT32_MAX;
    if (!joins) {
      runs.push_back({segment.base, segment.base, 0});
      size_bytes = 0;
      indexes = 0;
    }
    runs.back().before = segment.next;
    ++runs.back().segment_count;
    size_bytes += segment.size_bytes;
    indexes += index_bytes(segment, config);
  }
  return runs;
}

}  // namespace millrace::storage
