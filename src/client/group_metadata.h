// ConsumerGroupMetadata: as whom offsets are committed, by a consumer or in a producer's
// transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace millrace::client {

/// Who a consumer is in its group. A group's name alone is enough to commit for partitions that
/// were assigned by hand.
struct ConsumerGroupMetadata {
  std::string group_id;
  std::int32_t generation = -1;  // -1: no member speaks
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
};

}  // namespace millrace::client
