// TableLedger: what was written to a compacted topic, held against what compaction left of it.
// Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/topic_partition.h"

namespace millrace::simulation {

/// Invariants that it looks after:
///   - a record that is there has the key and the value that were acknowledged at its offset;
///   - of each key the last record that was acknowledged is there, or a later one is; only a
///   tombstone
///     may be gone, and then nothing older is left of the key.
class TableLedger {
 public:
  struct Record {
    Offset offset;
    std::string key;
    std::optional<std::string> value;  // nothing: a tombstone
  };

  void acknowledged(const TopicPartition& partition, Record record);
  /// A record of the key was sent, and nobody knows whether it was written.
  void lost_track_of(const Record& record);
  std::size_t acknowledged_count() const { return by_place_.size(); }

  /// What is left of a partition, in order.       returns the first thing that is wrong with it
  std::optional<std::string> check_log(const TopicPartition& partition,
                                       const std::vector<Record>& log) const;

 private:
  std::optional<std::string> check_keys(const TopicPartition& partition,
                                        const std::map<std::string, const Record*>& last) const;

  std::map<std::pair<TopicPartition, Offset>, Record> by_place_;
  std::set<std::string> may_be_deleted_;  // keys that a tombstone of unknown fate was sent for
};

}  // namespace millrace::simulation
