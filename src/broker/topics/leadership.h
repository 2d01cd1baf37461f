// Who leads a partition, and since which epoch.
#pragma once

#include "model/ids.h"

namespace millrace::broker {

/// Nobody leads: no node with a replica in sync runs.
inline constexpr BrokerId kNoLeader{-1};

struct Leadership {
  BrokerId leader;
  LeaderEpoch epoch;

  bool operator==(const Leadership&) const = default;
};

}  // namespace millrace::broker
