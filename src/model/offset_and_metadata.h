// What a group commits for a partition, and is told of it again.
#pragma once

#include <string>

#include "model/ids.h"

namespace millrace {

struct OffsetAndMetadata {
  Offset offset;  // of the next record to read
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  std::string metadata = {};

  auto operator<=>(const OffsetAndMetadata&) const = default;
};

}  // namespace millrace
