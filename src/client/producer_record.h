// ProducerRecord: what a program hands to Producer::send().
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/time.h"
#include "model/ids.h"
#include "model/record.h"

namespace millrace::client {

/// A record to be sent. Views are read before send() returns.
struct ProducerRecord {
  std::string_view topic;
  /// When not given: by the key (as Kafka's Java client places it), or sticky when there is none.
  std::optional<PartitionId> partition = {};
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> value = {};
  std::span<const HeaderView> headers = {};
  Timestamp timestamp = kNoTimestamp;  // kNoTimestamp: now
};

}  // namespace millrace::client
