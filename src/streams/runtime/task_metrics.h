// What a task counts.
#pragma once

#include <cstdint>

namespace millrace::streams {

struct TaskMetrics {
  std::uint64_t records_processed = 0;     // read from source topics
  std::uint64_t late_records_dropped = 0;  // their window was closed
  std::uint64_t null_records_dropped = 0;  // no key where one is needed, or a null value
  std::uint64_t bad_records_dropped = 0;   // not decoded, policy kLogAndContinue
  std::uint64_t records_sent = 0;          // to topics, changelogs not counted
  std::uint64_t changelog_records_sent = 0;
  std::uint64_t records_restored = 0;
  std::uint64_t commits = 0;

  TaskMetrics& operator+=(const TaskMetrics& other);
};

}  // namespace millrace::streams
