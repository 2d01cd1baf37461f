// How much a broker remembers of what clients fetch.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace millrace::broker {

struct FetchSessionLimits {
  std::size_t sessions_max = 1'000;  // max.incremental.fetch.session.cache.slots
  /// Of all sessions together: about 250 bytes each, and the name of its topic.
  std::size_t partitions_max = 500'000;
  /// A session that was not used for that long makes room for any other; one that was used for
  /// less, for no newcomer of its kind, however large.
  Millis eviction_age{120'000};
};

}  // namespace millrace::broker
