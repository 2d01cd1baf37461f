// CleanerView: what a cleaner knows of a log when it begins: a picture that the log moves on from.
#pragma once

#include <memory>
#include <vector>

#include "model/ids.h"
#include "storage/log_config.h"
#include "storage/segment/segment.h"

namespace millrace::storage {

struct CleanerView {
  std::vector<std::shared_ptr<Segment>> segments;  // the last one takes appends
  LogConfig config;
  Offset log_start;
  /// Everything before it is on disk, and of no open transaction.
  Offset stable_end;
};

}  // namespace millrace::storage
