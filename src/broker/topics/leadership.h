// Who leads a partition, and since which epoch.
#pragma once

#include "model/ids.h"

namespace millrace::broker {

struct Leadership {
  BrokerId leader;
  LeaderEpoch epoch;

  bool operator==(const Leadership&) const = default;
};

}  // namespace millrace::broker
