// EndWatch: whether everything is read that was there when reading began.
#pragma once

#include <map>

#include "base/result.h"
#include "client/consumer.h"

namespace millrace::cli {

class EndWatch {
 public:
  /// Whether each assigned partition is read to where it ended when this first met it; false while
  /// none is assigned.
  /// errors  those of Consumer's end_offsets() and position()
  /// cost    a question for partitions that are new; else one lock for each
  Result<bool> reached(client::Consumer& consumer);

 private:
  std::map<TopicPartition, Offset> ends_;
};

}  // namespace millrace::cli
