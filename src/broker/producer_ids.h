// ProducerIds: hands out ids for idempotent producers, none of them ever twice.
#pragma once

#include "base/result.h"
#include "model/ids.h"

namespace millrace::broker {

class ProducerIds {
 public:
  virtual ~ProducerIds() = default;

  /// An id that nobody had, not even before a restart.
  /// errors  kIo, kDiskFull: the next block could not be written down       thread  any
  virtual Result<ProducerId> next() = 0;
};

}  // namespace millrace::broker
