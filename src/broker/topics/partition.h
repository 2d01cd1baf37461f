// Partition: one log with those who wait for it. Shared by all event loops.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "base/time.h"
#include "broker/broker_config.h"
#include "broker/topics/marker_source.h"
#include "broker/topics/placement.h"
#include "model/ids.h"
#include "model/topic_partition.h"
#include "model/uuid.h"
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
///   Appends, retention and close hold the lock; reads, offsets, flushes and looking into a batch
///   do not.
///   Waiters are called outside this lock, on the thread that changed the log; they post to their
///   own loop.
///   Once closed, changes answer UNKNOWN_TOPIC_OR_PARTITION; what was read before stays readable.
class Partition {
 public:
  Partition(TopicPartition name, std::shared_ptr<storage::PartitionLog> log, Placement placement,
            Durability durability);

  const TopicPartition& name() const { return name_; }
  /// Both at once, as they belong together.    thread  any; no lock
  Leadership leadership() const { return leadership_.load(); }
  BrokerId leader() const { return leadership().leader; }
  LeaderEpoch leader_epoch() const { return leadership().epoch; }
  /// Copies of all of it.                      thread  any
  Placement placement() const {
    return placement_.with([](const Placement& placement) { return placement; });
  }
  /// Another placement counts from now on; batches that are appended later bear its epoch. Wakes
  /// the waiters, who may have come to the wrong node.
  void place(Placement placement);
  /// Whether the metadata log has the leader epoch. While it has not, appends are refused with
  /// KAFKA_STORAGE_ERROR: after a power cut the same epoch could be given out again, for other
  /// records. Reads go on.
  enum class EpochIs : std::uint8_t { kWrittenDown, kOwed };
  void note_epoch(EpochIs epoch);

  /// Appends one batch, which is patched in place, and wakes the waiters.
  /// budget  what a client's batch inflates to is taken off it
  /// errors  those of storage::PartitionLog::append, as Kafka errors
  /// cost    a walk over the records and one write; with --fsync always also one flush
  Result<storage::AppendResult> append(std::span<char> batch, Timestamp now,
                                       const storage::AppendAs& as = {});
  Result<storage::AppendResult> append(std::span<char> batch, Timestamp now,
                                       const storage::AppendAs& as, wire::InflationBudget& budget);

  /// As storage::PartitionLog::begin_verification: what a transactional batch must be appended
  /// with, once its coordinator has said yes; nothing when its transaction is open here already.
  ///   const auto guard = partition.begin_verification(id, epoch, sequence, bump, now);
  ///   … if (guard) ask the coordinator …
  ///   partition.append(batch, now, {AppendOrigin::kClient, guard.value_or(kNone)}, budget);
  /// errors  UNKNOWN_TOPIC_OR_PARTITION once closed       thread  any
  Result<std::optional<storage::VerificationGuard>> begin_verification(
      ProducerId id, ProducerEpoch epoch, std::int32_t first_sequence,
      storage::EpochBump epoch_bump, Timestamp now);
  /// As storage::PartitionLog::append_marker; wakes the waiters, those for committed records too.
  /// errors  of its own coordinator's markers none is TRANSACTION_COORDINATOR_FENCED
  Result<storage::AppendResult> append_marker(wire::TransactionMarker marker,
                                              wire::TransactionVersion version, MarkerSource source,
                                              Timestamp now);

  /// Calls `done` once everything appended before this call is as safe as the broker promises for
  /// acks=all: at once when it need not wait for the disk, otherwise on the flusher's thread.
  void when_durable(std::function<void(const Status&)> done);

  /// For reads, which need no lock: offsets, slices, look-ups by time and by epoch.   thread  any
  const storage::PartitionLog& log() const { return *log_; }
  /// Where the records of an epoch end, as PartitionLog says it; also of an epoch in which nothing
  /// was written, since its leader led here: that ends where the log does.
  storage::EpochEndOffset end_offset_for_epoch(LeaderEpoch epoch) const;
  /// What readers may see; readers of committed records, up to the last stable offset.
  Offset high_watermark() const { return log_->high_watermark(); }
  Offset last_stable_offset() const { return log_->last_stable_offset(); }

  /// Which offset somebody waits for: one of those two.
  enum class WaitsFor : std::uint8_t { kHighWatermark, kLastStableOffset };
  /// Calls `wake` after every change of that offset or of the log's start, and when the log is
  /// closed, until it is removed. `wake` must not block, and may be called once more while
  /// remove_waiter() runs on another thread.
  WaiterId add_waiter(std::function<void()> wake, WaitsFor what = WaitsFor::kHighWatermark);
  void remove_waiter(WaiterId waiter);
  std::size_t waiter_count() const { return waiter_count_.load(); }

  /// Lets the log begin at `offset`, unless it begins there or later already, and wakes the
  /// waiters. Returns where it begins.
  /// errors  OFFSET_OUT_OF_RANGE; POLICY_VIOLATION (the topic is compacted and does not delete);
  ///         UNKNOWN_TOPIC_OR_PARTITION once closed; KAFKA_STORAGE_ERROR
  Result<Offset> delete_records_before(Offset offset);
  /// What the topic's properties say of its logs, from the next append or sweep on.   thread  any
  void set_log_config(const storage::LogConfig& config) { log_->set_config(config); }
  /// Deletes what the topic's retention no longer keeps.
  Status apply_retention(Timestamp now);
  /// The producers that the log knows, in no order.
  std::vector<std::pair<ProducerId, storage::ProducerEntry>> producers() const;
  /// Forgets idempotent producers that were silent for `expiration`.
  void expire_producers(Timestamp now, Millis expiration);
  /// Runs `work` while nobody else writes to the log, and returns what it says: for the cleaner.
  /// errors  UNKNOWN_TOPIC_OR_PARTITION once closed; those of `work`       thread  any
  Status with_writer(const std::function<Status(storage::PartitionLog& log)>& work);
  /// Everything so far is on disk, whatever the policy.
  Status flush() { return log_->flush(); }
  /// Ends the log cleanly and wakes the waiters.
  Status close();
  /// Gives the log's folder up, under a name that `unique` makes, and wakes the waiters.
  Status remove(const Uuid& unique);

 private:
  struct Writer {
    bool is_closed = false;
    bool disk_refuses = false;  // the last append failed for the disk's sake
    EpochIs epoch = EpochIs::kWrittenDown;
  };
  struct Waiter {
    std::function<void()> wake;
    WaitsFor what;
  };
  struct Waiters {
    std::map<WaiterId, Waiter> by_id;
    WaiterId next_id = 1;
  };

  template <class Append>
  Result<storage::AppendResult> append_with(Append append);
  template <class Ending>
  Status end_with(Ending ending);
  /// Wakes those for whom something has moved; all of them when the log's start has, or its state.
  struct Ends {
    Offset high_watermark;
    Offset last_stable;
  };
  Ends ends() const { return {high_watermark(), last_stable_offset()}; }
  void wake_since(const Ends& before);
  void wake_all() { wake_since({kNoOffset, kNoOffset}); }
  void note_disk(Writer& writer, const Result<storage::AppendResult>& appended) const;

  const TopicPartition name_;
  const std::shared_ptr<storage::PartitionLog> log_;  // shared with the flusher's rounds
  std::atomic<Leadership> leadership_;                // changes under the writer's lock
  Guarded<Placement> placement_;
  const Durability durability_;
  Guarded<Writer> writer_;
  Guarded<Waiters> waiters_;
  std::atomic<std::size_t> waiter_count_ = 0;  // spares an append the lock when nobody waits
};

}  // namespace millrace::broker
