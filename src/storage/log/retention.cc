#include "storage/log/retention.h"

#include <algorithm>

#include "base/saturating.h"

namespace millrace::storage {

std::size_t expired_segments(std::span<const SegmentAge> segments, Offset log_start,
                             const RetentionPolicy& policy, Timestamp now) {
  // The active segment stays while it is empty; compaction may have emptied others.
  const auto may_go = [&](std::size_t i) {
    return i + 1 < segments.size() || segments[i].size_bytes > 0;
  };
  std::size_t by_start = 0;
  while (by_start < segments.size() && may_go(by_start) &&
         segments[by_start].next_offset <= log_start) {
    ++by_start;
  }

  std::size_t by_age = 0;
  if (policy.age_ms_max >= 0) {
    while (by_age < segments.size() && segments[by_age].newest.value() >= 0 &&
           millis_between(segments[by_age].newest, now) > policy.age_ms_max) {
      ++by_age;
    }
  }

  std::size_t by_size = 0;
  if (policy.size_bytes_max >= 0) {
    std::int64_t excess = -policy.size_bytes_max;
    for (const SegmentAge& segment : segments) {
      excess += static_cast<std::int64_t>(segment.size_bytes);
    }
    while (by_size < segments.size() && may_go(by_size) &&
           excess >= static_cast<std::int64_t>(segments[by_size].size_bytes)) {
      excess -= static_cast<std::int64_t>(segments[by_size].size_bytes);
      ++by_size;
    }
  }
  return std::max({by_start, by_age, by_size});
}

}  // namespace millrace::storage
