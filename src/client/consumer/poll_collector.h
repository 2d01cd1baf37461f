// PollCollector: moves fetched records into what one poll() gives. Pure.
#pragma once

#include <cstddef>

#include "client/consumer.h"
#include "client/consumer/fetch_state.h"

namespace millrace::client {

class PollCollector {
 public:
  /// At most `count_max` records, partition after partition in turn; moves their positions. Names
  /// every partition whose position has moved, though it be past control batches and aborted
  /// records only.
  struct Collected {
    /// errors  what is wrong with a partition, once nothing is left to give out before it
    Result<PolledRecords> records;
    bool made_room = false;  // there is room to fetch more
  };
  static Collected collect(FetchState& fetch, std::size_t count_max);
};

}  // namespace millrace::client
