// CoordinatorLog: the partitions of the internal topic that a coordinator keeps its state in, as it
// sees them: `__consumer_offsets` for groups, `__transaction_state` for transactions. The broker
// implements it on its partition logs; tests on a vector.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "broker/coordination/log_append.h"
#include "model/ids.h"

namespace millrace::broker {

class CoordinatorLog {
 public:
  virtual ~CoordinatorLog() = default;

  virtual std::string_view topic() const = 0;

  /// How many partitions the topic has. Makes it when it is missing, so that it exists from the
  /// first group or transaction on and a broker without any has none.
  /// errors  whatever making the topic meets       thread  any
  virtual Result<std::int32_t> ensure_partitions() = 0;
  /// The same without making anything: 0 when the topic is missing.
  virtual std::int32_t partition_count() = 0;

  /// Appends one record batch, then calls `on_done` exactly once: when the batch is as durable as
  /// the broker's fsync policy asks, or with the error, from any thread or from inside this call.
  /// guard   of a transactional batch: what its partition's begin_verification() gave
  /// thread  any, one append at a time
  virtual void append(PartitionId partition, Buffer batch, storage::VerificationGuard guard,
                      std::function<void(Status)> on_done) = 0;
  /// The same for a marker.
  virtual void append_marker(const LogMarker& marker, std::function<void(Status)> on_done) = 0;

  /// Whole batches from `from` on, about `bytes_max` bytes and at least one batch; empty at the
  /// end of the log. For loading at start only.
  virtual Result<Buffer> read(PartitionId partition, Offset from, std::size_t bytes_max) = 0;
  virtual Offset log_start_offset(PartitionId partition) = 0;
};

}  // namespace millrace::broker
