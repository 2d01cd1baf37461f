#include "cli/end_watch.h"

namespace millrace::cli {

Result<bool> EndWatch::reached(client::Consumer& consumer) {
  const auto assigned = consumer.assignment();
  client::PartitionList unknown;
  for (const auto& partition : assigned) {
    if (!ends_.contains(partition)) unknown.push_back(partition);
  }
  if (!unknown.empty()) {
    const auto ends = consumer.end_offsets(unknown);
    if (!ends.ok()) return ends.error();
    ends_.insert(ends->begin(), ends->end());
  }
  for (const auto& partition : assigned) {
    const auto position = consumer.position(partition);
    if (!position.ok()) return position.error();
    if (*position < ends_[partition]) return false;
  }
  return !assigned.empty();
}

}  // namespace millrace::cli
