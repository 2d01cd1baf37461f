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
  /// made_room  set when there is room to fetch more
  /// errors     what is wrong with a partition, once no record is left to give out before it
  static Result<PolledRecords> collect(FetchState& fetch, std::size_t count_max, bool& made_room);
};

}  // namespace millrace::client
