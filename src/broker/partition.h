// Partition: one log with those who wait for it. Shared by all event loops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/topic_partition.h"

namespace millrace::storage {
class GroupFlusher;
class PartitionLog;
struct AppendResult;
struct LogConfig;
struct LogSlice;
}  // namespace millrace::storage

namespace millrace::broker {

/// Names a waiter of a partition. 0 is none.
using WaiterId = std::uint64_t;

/// Invariants
///   Appends, retention and close hold the lock; reads and offsets do not.
///   Waiters are called with no lock held, on the thread that appended; they post to their own
///   loop. Once closed, every call answers UNKNOWN_TOPIC_OR_PARTITION or does nothing.
class Partition {
 public:
  Partition(TopicPartition name, std::unique_ptr<storage::PartitionLog> log,
            storage::GroupFlusher* flusher);
  ~Partition();

  const TopicPartition& name() const { return name_; }

  /// Appends one batch, which is patched in place, and wakes the waiters.
  /// errors  those of storage::PartitionLog::append, as Kafka errors        cost  one write
  Result<storage::AppendResult> append(std::span<char> batch, Timestamp now);

  /// Calls `done` once everything appended before this call is as safe as the broker promises for
  /// acks=all: at once when it need not wait for the disk, otherwise later on the flusher's thread.
  void when_durable(std::function<void(Status)> done);

  /// Whole batches from `from` on; the first one even when larger than `bytes_max`, if
  /// `min_one_batch`.
  /// errors  OFFSET_OUT_OF_RANGE         thread  any, beside appends
  enum class FirstBatch : std::uint8_t { kOnlyIfItFits, kAlways };
  Result<storage::LogSlice> read(Offset from, std::size_t bytes_max, FirstBatch first) const;

  Offset log_start_offset() const;
  /// The end of the log; on one node also its high watermark and last stable offset.
  Offset log_end_offset() const;
  LeaderEpoch leader_epoch() const;

  /// Calls `wake` after every append, truncation or close until it is removed. `wake` must not
  /// block and may be called once more while remove_waiter() runs on another thread.
  WaiterId add_waiter(std::function<void()> wake);
  void remove_waiter(WaiterId waiter);

 private:
  const TopicPartition name_;
};

}  // namespace millrace::broker
