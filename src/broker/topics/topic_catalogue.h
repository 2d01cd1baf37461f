// TopicCatalogue: which topics there are. Reads are snapshots; changes go one at a time through the
// metadata log, so that what was answered survives a restart.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "broker/topics/topic_table.h"

namespace millrace::broker {

/// A topic to be made; already checked against the rules of topic_rules.h.
struct NewTopic {
  std::string name;
  std::int32_t partition_count = 1;
  TopicConfigs configs = {};
  std::int16_t replication_factor = 1;
  /// The replicas of each partition, when they were chosen by hand; else the broker deals them out.
  std::vector<std::vector<BrokerId>> assignments = {};
};

class TopicCatalogue {
 public:
  virtual ~TopicCatalogue() = default;

  /// The topics as they are now. Cheap; hold it for one request, not longer.   thread  any
  virtual std::shared_ptr<const TopicTable> table() const = 0;

  /// Makes a topic: its folder, its logs, its record in the metadata log.
  /// errors  TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION (collides with a name that differs only
  ///         by '.' and '_'), kIo      thread  any; one at a time
  virtual Result<std::shared_ptr<const Topic>> create(const NewTopic& topic) = 0;
  /// The topic of that name, made with `topic`'s settings when it is missing.
  virtual Result<std::shared_ptr<const Topic>> find_or_create(const NewTopic& topic) = 0;
  /// Gives a topic more partitions, `count` in all: their folders and logs, their records in the
  /// metadata log. Those that it had stay as they are.
  /// assignments  the replicas of each new one, or none for the broker to deal them out
  /// errors  UNKNOWN_TOPIC_OR_PARTITION, those of check_partition_increase(), kIo: nothing was
  ///         changed
  virtual Status add_partitions(std::string_view name, std::int32_t count,
                                const std::vector<std::vector<BrokerId>>& assignments) = 0;
  /// Forgets a topic and removes its files. Waiters of its partitions wake.
  /// errors  UNKNOWN_TOPIC_OR_PARTITION
  virtual Status remove(std::string_view name) = 0;
  /// Writes down where each partition's log begins, so that what was deleted stays so.
  /// errors  kIo, kDiskFull      thread  any      cost  two fsyncs, unless that is written already
  virtual Status keep_log_starts() = 0;

  /// Moves leaders and replicas: `change` is asked about every partition, and what it answers is
  /// written down and counts, all of it or nothing. Waiters of those partitions wake.
  /// change  pure; called under the lock of changes
  /// errors  those of the metadata log
  using PlacementChange =
      std::function<std::optional<Placement>(const TopicPartition&, const Placement&)>;
  virtual Status replace_placements(const PlacementChange& change) = 0;

  /// Behind the last change that was written down.    thread  any
  virtual Offset metadata_end() const = 0;
};

}  // namespace millrace::broker
