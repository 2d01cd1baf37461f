#include "streams/runtime/repartition_purge.h"

#include <utility>

namespace millrace::streams {

void RepartitionPurge::on_committed(const TopicPartition& partition, Offset next) {
  if (topics_.contains(partition.topic)) committed_[partition] = next;
}

std::map<TopicPartition, Offset> RepartitionPurge::take_due(MonotonicTime now) {
  if (committed_.empty()) return {};
  if (taken_at_ == MonotonicTime{}) taken_at_ = now;  // the first interval begins with the first
  if (now - taken_at_ < interval_) return {};
  taken_at_ = now;
  return take_all();
}

std::map<TopicPartition, Offset> RepartitionPurge::take_all() {
  return std::exchange(committed_, {});
}

}  // namespace millrace::streams
