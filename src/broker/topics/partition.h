// Partition: one log with those who wait for it. Shared by all event loops.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>

#include "base/guarded.h"
#include "base/result.h"
#include "base/time.h"
#include "broker/broker_config.h"
#include "broker/topics/leadership.h"
#include "model/ids.h"
#include "model/topic_partition.h"
#include "storage/partition_log.h"

namespace millrace::storage {
class GroupFlusher;
}

namespace millrace::broker {

/// Names a waiter of a partition. 0 is none.
using WaiterId = std::uint64_t;

/// How appended bytes reach the disk. The flusher is there for kGroup and outlives the partitions.
struct Durability {
  FsyncPolicy policy = FsyncPolicy::kNever;
  storage::GroupFlusher* flusher = nullptr;
};

/// Invariants
///   Appends, retention and close hold the lock; reads, offsets and flushes do not.
///   Waiters are called outside this lock, on the thread that changed the log; they post to their
///   own loop.
///   Once closed, changes answer UNKNOWN_TOPIC_OR_PARTITION; what was read before stays readable.
class Partition {
 public:
  Partition(TopicPartition name, std::shared_ptr<storage::PartitionLog> log, Leadership leadership,
            Durability durability);

  const TopicPartition& name() const { return name_; }
  BrokerId leader() const { return leadership_.leader; }
  LeaderEpoch leader_epoch() const { return leadership_.epoch; }

  /// Appends one batch, which is patched in place, and wakes the waiters.
  /// errors  those of storage::PartitionLog::append, as Kafka errors
  /// cost    one write; with --fsync always also one flush
  Result<storage::AppendResult> append(
      std::span<char> batch, Timestamp now,
      storage::AppendOrigin origin = storage::AppendOrigin::kClient);

  /// Calls `done` once everything appended before this call is as safe as the broker promises for
  /// acks=all: at once when it need not wait for the disk, otherwise on the flusher's thread.
  void when_durable(std::function<void(const Status&)> done);

  /// For reads, which need no lock: offsets, slices, look-ups by time and by epoch.   thread  any
  const storage::PartitionLog& log() const { return *log_; }
  /// The end of the log; on one node also its high watermark and, without transactions, its last
  /// stable offset.
  Offset high_watermark() const { return log_->log_end_offset(); }

  /// Calls `wake` after every change of the log's ends until it is removed. `wake` must not block,
  /// and may be called once more while remove_waiter() runs on another thread.
  WaiterId add_waiter(std::function<void()> wake);
  void remove_waiter(WaiterId waiter);

  /// Lets the log begin at `offset`, unless it begins there or later already, and wakes the
  /// waiters. Returns where it begins.
  /// errors  OFFSET_OUT_OF_RANGE; POLICY_VIOLATION (the topic is compacted and does not delete);
  ///         UNKNOWN_TOPIC_OR_PARTITION once closed; KAFKA_STORAGE_ERROR
  Result<Offset> delete_records_before(Offset offset);
  /// Deletes what the topic's retention no longer keeps.
  Status apply_retention(Timestamp now);
  /// Forgets idempotent producers that were silent for `expiration`.
  void expire_producers(Timestamp now, Millis expiration);
  /// Everything so far is on disk, whatever the policy.
  Status flush() { return log_->flush(); }
  /// Ends the log cleanly and wakes the waiters.
  Status close();
  /// Deletes the log and wakes the waiters.
  Status remove();

 private:
  struct Writer {
    bool is_closed = false;
    bool disk_refuses = false;  // the last append failed for the disk's sake
  };
  struct Waiters {
    std::map<WaiterId, std::function<void()>> by_id;
    WaiterId next_id = 1;
  };

  Status end_with(Status (storage::PartitionLog::*ending)());
  void wake_all();
  void note_disk(Writer& writer, const Result<storage::AppendResult>& appended) const;

  const TopicPartition name_;
  const std::shared_ptr<storage::PartitionLog> log_;  // shared with the flusher's rounds
  const Leadership leadership_;
  const Durability durability_;
  Guarded<Writer> writer_;
  Guarded<Waiters> waiters_;
  std::atomic<std::size_t> waiter_count_ = 0;  // spares an append the lock when nobody waits
};

}  // namespace millrace::broker
