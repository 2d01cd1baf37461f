// ProducerIds: hands out ids for idempotent producers, none of them ever twice.
#pragma once

#include "base/result.h"
#include "model/ids.h"

namespace millrace::broker {

/// Ids are given out of a reserve that was written down before: refill() is the part that takes
/// time, and comes first.
class ProducerIds {
 public:
  virtual ~ProducerIds() = default;

  /// Writes further ids down when few are left. Where that fails, and few are left and not none,
  /// nobody need know; next() says when there are none.
  /// cost    none but for one call in hundreds: an append to the metadata log and a flush, beside
  ///         which others take what is left; under no lock of the caller's       thread  any
  virtual void refill() = 0;

  /// An id that nobody had, not even before a restart. Call refill() before, where a disk may be
  /// waited for.
  /// errors  COORDINATOR_NOT_AVAILABLE (none is left: they could not be written down)
  /// cost    no input or output: may be called under a lock       thread  any
  virtual Result<ProducerId> next() = 0;
};

}  // namespace millrace::broker
