// RepartitionPurge: which records of repartition topics nobody will read again, and when to delete
// them. Pure.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/time.h"
#include "model/ids.h"
#include "model/topic_partition.h"

namespace millrace::streams {

/// Data passes through a repartition topic once: what is committed there is read by nobody. The
/// topic has no retention, so these deletions are all that keeps it from growing.
///
/// Invariants: an offset is given out at most once, and never one that is not committed.
/// source  Kafka Streams, repartition.purge.interval.ms
class RepartitionPurge {
 public:
  /// topics  the repartition topics, as the brokers name them
  RepartitionPurge(std::set<std::string> topics, Millis interval)
      : topics_(std::move(topics)), interval_(interval) {}

  /// The group has committed `next`; of other topics that means nothing here.
  void on_committed(const TopicPartition& partition, Offset next);
  /// Where each partition may begin from now on; empty until `interval` has passed since the last
  /// time that there was something.
  std::map<TopicPartition, Offset> take_due(MonotonicTime now);
  /// The same, due or not: at a clean end.
  std::map<TopicPartition, Offset> take_all();

 private:
  std::set<std::string> topics_;
  Millis interval_;
  std::map<TopicPartition, Offset> committed_;  // since it was given out
  MonotonicTime taken_at_{};
};

}  // namespace millrace::streams
