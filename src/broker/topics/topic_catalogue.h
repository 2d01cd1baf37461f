// TopicCatalogue: which topics there are. Reads are snapshots; changes go one at a time through the
// metadata log, so that what was answered survives a restart.
#pragma once

#include <cstdint>
#include <memory>
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
  TopicConfigs configs;
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
  /// Forgets a topic and removes its files. Waiters of its partitions wake.
  /// errors  UNKNOWN_TOPIC_OR_PARTITION
  virtual Status remove(std::string_view name) = 0;
};

}  // namespace millrace::broker
