#include "streams/runtime/task_metrics.h"

namespace millrace::streams {

TaskMetrics& TaskMetrics::operator+=(const TaskMetrics& other) {
  records_processed += other.records_processed;
  late_records_dropped += other.late_records_dropped;
  null_records_dropped += other.null_records_dropped;
  bad_records_dropped += other.bad_records_dropped;
  records_sent += other.records_sent;
  changelog_records_sent += other.changelog_records_sent;
  records_restored += other.records_restored;
  commits += other.commits;
  return *this;
}

}  // namespace millrace::streams
