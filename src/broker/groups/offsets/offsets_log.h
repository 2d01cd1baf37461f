// OffsetsLog: the partitions of `__consumer_offsets`, as the groups see them. The broker implements
// it on its partition logs; tests on a vector.
#pragma once

#include <cstdint>
#include <functional>

#include "base/buffer.h"
#include "base/result.h"
#include "model/ids.h"

namespace millrace::broker {

class OffsetsLog {
 public:
  virtual ~OffsetsLog() = default;

  /// How many partitions `__consumer_offsets` has. Makes the topic when it is missing, so that it
  /// exists from the first group on and a broker without groups has none.
  /// errors  whatever making the topic meets       thread  any
  virtual Result<std::int32_t> ensure_partitions() = 0;
  /// The same without making anything: 0 when the topic is missing.
  virtual std::int32_t partition_count() = 0;

  /// Appends one record batch, then calls `on_done` exactly once: when the batch is as durable as
  /// the broker's fsync policy asks, or with the error, from any thread or from inside this call.
  /// thread  any, one append at a time
  virtual void append(PartitionId partition, Buffer batch, std::function<void(Status)> on_done) = 0;

  /// Whole batches from `from` on, about `bytes_max` bytes and at least one batch; empty at the
  /// end of the log. For loading at start only.
  virtual Result<Buffer> read(PartitionId partition, Offset from, std::size_t bytes_max) = 0;
  virtual Offset log_start_offset(PartitionId partition) = 0;
};

}  // namespace millrace::broker
