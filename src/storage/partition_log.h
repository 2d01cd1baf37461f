// PartitionLog: the records of one partition, as segments in a folder, in Kafka's on-disk formats.
// What the broker holds per partition; everything else in this module is a part of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "io/connection.h"
#include "io/file_system.h"
#include "model/ids.h"
#include "model/uuid.h"
#include "storage/compaction/batch_cleaning.h"
#include "storage/compaction/cleaner_view.h"
#include "storage/log/leader_epochs.h"
#include "storage/log/log_reader.h"
#include "storage/log/log_recovery.h"
#include "storage/log/log_writer.h"
#include "storage/log/segment_rewrite.h"
#include "storage/log_config.h"
#include "storage/producers/producer_state.h"

namespace millrace::storage {

class PartitionLog;

/// Runs `work` while nobody else writes to the log, and returns what it says; fails without running
/// it when the log is closed. The log lives as long as this.
using WithWriter = std::function<Status(const std::function<Status(PartitionLog& log)>& work)>;

/// A log with one writer and many readers.
///
/// thread     append, roll, retention, expire_producers, delete_records_before, close, remove: one at a
///            time, the caller sees to it. Everything that is const, set_config, the flushes and
///            replace: any thread, beside the writer.
/// invariant  log_start_offset() <= recovery_point() <= log_end_offset(), but that a start moved by
///            delete_records_before may pass the recovery point
/// invariant  bytes below a published end never change: a LogSlice stays good after it was taken,
///            even when retention deletes its segment
class PartitionLog {
 public:
  /// Opens the log in `directory`, which is made when missing, and recovers it.
  /// errors  kIo, kDiskFull, kCorrupt (a sealed segment's file is missing its start)
  /// cost    clean: a few reads a segment; unclean: reads all from the recovery point on
  static Result<std::unique_ptr<PartitionLog>> open(io::FileSystem& files, std::string directory,
                                                    const LogConfig& config,
                                                    const OpenOptions& options);
  ~PartitionLog();
  PartitionLog(const PartitionLog&) = delete;
  PartitionLog& operator=(const PartitionLog&) = delete;

  const RecoveryReport& recovery() const;
  const std::string& directory() const;

  /// Looks into one batch, which must fill `batch` exactly and outlive what is returned. The
  /// records of a client's batch are walked, a compressed one inflated piece by piece and at the
  /// cost of `budget`, which several batches may share. Where the topic names a codec and a client
  /// sent another, a recompressed copy is made.
  /// errors  as Kafka answers them (wire::make_error): CORRUPT_MESSAGE, MESSAGE_TOO_LARGE,
  ///         RECORD_LIST_TOO_LARGE, INVALID_RECORD, INVALID_TIMESTAMP; MESSAGE_TOO_LARGE also says
  ///         that the batch inflates past the budget
  /// thread  any, beside the writer
  /// cost    CRC of the batch, a walk over its records, inflated; where the codec differs, what
  ///         recompress() costs
  Result<PreparedBatch> prepare(std::span<char> batch, Timestamp now, const AppendAs& as,
                                wire::InflationBudget& budget) const;
  /// Appends what was prepared; base offset, leader epoch and the largest time stamp, as it is or
  /// as LogAppendTime makes it, are written into it in place.
  /// errors  OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE (a plain batch
  ///         inside a transaction, or a transactional one that begin_verification() gave no guard
  ///         for that still holds), KAFKA_STORAGE_ERROR (disk; the log is as it was before)
  /// cost    one write; an fsync never
  Result<AppendResult> append(PreparedBatch batch, LeaderEpoch epoch, Timestamp now);
  /// Both, with a budget of the batch's own.
  Result<AppendResult> append(std::span<char> batch, LeaderEpoch epoch, Timestamp now,
                              const AppendAs& as = {});

  /// To be called before the coordinator is asked whether a transactional batch's partition takes
  /// part in its transaction. Returns what the append has to show once it said yes; nothing when
  /// the transaction is open here already, and nobody need be asked.
  /// thread  as append
  std::optional<VerificationGuard> begin_verification(ProducerId id, ProducerEpoch epoch,
                                                      std::int32_t first_sequence,
                                                      EpochBump epoch_bump, Timestamp now);
  /// Appends the marker that ends a transaction. One whose producer has none open here is appended
  /// too: it raises his epoch.
  /// version  from 2 on the marker's epoch must be higher than the producer's, before at least as
  /// high
  /// errors   INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED (the log has seen a newer
  ///          coordinator), KAFKA_STORAGE_ERROR        thread  as append
  Result<AppendResult> append_marker(const wire::TransactionMarker& marker,
                                     wire::TransactionVersion version, LeaderEpoch epoch,
                                     Timestamp now);

  /// The batches from the one that holds `from` on: at most `bytes_max` of whole batches, all from
  /// one segment; with kYes the first one even when it alone is larger. Batches whose first record
  /// lies at or after `before` are left out (a high watermark; kNoOffset for none).
  /// errors  OFFSET_OUT_OF_RANGE (before the start or after the end), KAFKA_STORAGE_ERROR,
  ///         CORRUPT_MESSAGE (the file was damaged: no batch begins where the one asked for should)
  /// cost    at the end of the log nothing is read; elsewhere an index look-up and up to two reads
  Result<LogSlice> read(Offset from, std::size_t bytes_max, MinOneBatch min_one,
                        Offset before = kNoOffset) const;
  /// The same for who reads committed records: up to the last stable offset, with the transactions
  /// whose records are to be passed over.
  /// cost  where no transaction was ever aborted, that of read()
  Result<CommittedSlice> read_committed(Offset from, std::size_t bytes_max,
                                        MinOneBatch min_one) const;
  /// The aborted transactions that have records in [from, before), in the order of their ends.
  /// before  no higher than the last stable offset
  /// errors  OFFSET_OUT_OF_RANGE (from lies before the start), KAFKA_STORAGE_ERROR
  Result<std::vector<AbortedTransaction>> aborted_transactions(Offset from, Offset before) const;
  /// As read(), with the bytes themselves: for replay.
  Result<Buffer> read_bytes(Offset from, std::size_t bytes_max, MinOneBatch min_one) const;

  /// The first record with a timestamp at or after `time`; nothing when there is none.
  /// cost  two index look-ups and one batch, decompressed
  Result<std::optional<OffsetAtTime>> offset_for_timestamp(Timestamp time) const;
  /// The first record that has the largest timestamp, which is -1 when no record has one; nothing
  /// when the log is empty.
  Result<std::optional<OffsetAtTime>> max_timestamp() const;

  Offset log_start_offset() const;
  Offset log_end_offset() const;
  /// What readers may see: everything before it is on every replica that counts.
  Offset high_watermark() const;
  /// What readers of committed records may see: the high watermark, or the first record of the
  /// oldest transaction that is open.
  Offset last_stable_offset() const;
  /// Everything before it has been synced.
  Offset recovery_point() const;
  std::uint64_t size_bytes() const;
  std::size_t segment_count() const;

  /// The newest epoch that wrote here; kNoLeaderEpoch when there is none.
  LeaderEpoch latest_leader_epoch() const;
  EpochEndOffset end_offset_for_epoch(LeaderEpoch epoch) const;

  /// Deletes old segments by size, time and log start. Returns how many.
  Result<std::size_t> apply_retention(Timestamp now);
  /// Moves the log's start; deletes segments that lie wholly before it. kNoOffset: up to the end.
  /// errors  OFFSET_OUT_OF_RANGE
  /// The caller writes log_start_offset() to the checkpoint; the log itself does not keep it.
  Status delete_records_before(Offset offset);
  /// Seals the active segment when it is not empty, so that retention can take it.
  Status roll(Timestamp now);
  /// The producers that the log knows.       thread  as append
  const ProducerStates& producers() const;
  /// Forgets producers that were silent for `expiration`.
  void expire_producers(Timestamp now, Millis expiration);
  /// Batches that are prepared already stay as the former one wants them.
  void set_config(const LogConfig& config);
  std::shared_ptr<const LogConfig> config() const;

  /// Syncs all that was appended before the call.  thread  any; several at once are fine
  Status flush();
  /// Syncs the segments sealed so far, which lets the recovery point follow. For the background,
  /// once take_sealed() says so.   thread  any
  Status flush_sealed();
  /// Whether a segment was sealed since the last call: also by an append that failed afterwards.
  /// thread  as append
  bool take_sealed();
  /// errors  KAFKA_STORAGE_ERROR: the log was deleted, or a sync failed, and it takes no changes
  Status check_usable() const;
  /// Flushes and writes indexes and the producer snapshot, so that the next open need not scan.
  /// cost  nothing when nothing was appended or deleted since an open after a clean stop
  /// Nothing but the destructor may follow.
  Status close();
  /// Gives the folder up: it gets the name that `unique` makes for a deleted one, and is removed
  /// later, as OpenOptions::removal says. Nothing but the destructor may follow. The caller syncs
  /// the folder above before a log of the same name is made.
  /// errors  kIo; the folder is then still there
  Status remove(const Uuid& unique);

  /// What a cleaner begins with: the log as it stands.      thread  any
  CleanerView cleaner_view() const;
  /// Where each producer's last sequence stands.      thread  as append
  LastOfProducers last_of_producers() const;
  /// Plans to rewrite the sealed segments that lie wholly in [from, before) and on disk. One
  /// rewrite of a log at a time.
  /// errors  kNotFound: there are none       thread  any       cost  none
  Result<SegmentRewrite> plan_rewrite(Offset from, Offset before) const;
  /// Puts a finished copy in the place of the segments it was made from. Appends wait for none of
  /// its syncs; segments are not deleted meanwhile. writer  of this log
  /// errors  as SegmentSwap::perform       thread  any, but not with the log's writer
  Status replace(SegmentRewrite rewrite, const WithWriter& writer);

 private:
  explicit PartitionLog(std::unique_ptr<LogParts> parts);

  std::unique_ptr<LogParts> parts_;
};

}  // namespace millrace::storage
