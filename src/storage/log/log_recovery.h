// Opening a log: from the files in its folder to segments, epochs and producers, and what had to be
// cut off on the way.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/file_system.h"
#include "model/ids.h"
#include "storage/log/leader_epochs.h"
#include "storage/log_config.h"
#include "storage/producers/producer_state.h"
#include "storage/segment/segment.h"
#include "storage/segment/transaction_index_sums.h"

namespace millrace::storage {

/// Whether whoever had the log before closed it. Decides if its end is scanned at open.
enum class PreviousStop : std::uint8_t { kClean, kUnclean };

/// What to do when a log that was stopped cleanly has an active segment that does not end in whole
/// batches, so that the next append would go behind bytes that nobody can tell the end of.
enum class BadEnd : std::uint8_t {
  kRefuse,   // the log is not opened
  kPassOver  // the segment is sealed as it lies, and appends go on behind it, in a new one
};

struct OpenOptions {
  Timestamp now;
  PreviousStop previous_stop = PreviousStop::kUnclean;
  /// Everything before it is known to be on disk: after an unclean stop only segments from here on
  /// are scanned, and of the one it lies in, headers up to it. 0 scans all.
  Offset recovery_point{0};
  /// From the checkpoint: records before it were deleted, though their segment may still exist.
  Offset log_start_offset{0};
  /// kPassOver goes by the recovery point, which a clean stop leaves at the end of the log; where
  /// that makes no sense either the log is refused. The same where whole batches, or files, that
  /// were on disk are gone.
  BadEnd bad_end = BadEnd::kRefuse;
  /// Takes the files that the log gives up, and outlives it; null: they are removed at once.
  DelayedRemoval* removal = nullptr;
  /// The checkpoint names the log, so its first segment holds the log's start, or begins before it.
  bool knows_log_start = false;
  /// Compaction took records out once, whatever the topic's policy says by now: offsets may be
  /// missing between segments, and nothing is lost.
  bool was_compacted = false;
};

/// What opening found; for the log line, and for the broker to bump the leader epoch.
struct RecoveryReport {
  std::int32_t segments_scanned = 0;
  std::int32_t segments_deleted = 0;  // those that came after bad bytes or a gap
  std::int64_t bytes_truncated = 0;
  std::int32_t indexes_rebuilt = 0;
  bool ends_before_recovery_point = false;
  /// Something is certainly gone that clients may have seen. Writes that vanished whole leave no
  /// trace, so after any unclean stop a bump of the epoch is right even when this says no.
  bool lost_tail() const {
    return bytes_truncated > 0 || segments_deleted > 0 || ends_before_recovery_point;
  }
};

/// Whether a log whose last segment is `active` has nothing in it that indexes or a producer
/// snapshot would tell: it needs neither file.
inline bool needs_no_snapshot_or_indexes(const Segment& active, Offset log_start,
                                         const ProducerStates& producers) {
  return active.size_bytes() == 0 && log_start == active.next_offset() &&
         producers.entries().empty();
}

/// A log ready to be read and appended to. The last segment is the active one.
struct LoadedLog {
  std::vector<std::shared_ptr<Segment>> segments;
  LeaderEpochs epochs;
  bool epochs_changed = false;  // differ from the checkpoint
  bool names_changed = false;   // the directory has to be synced before anything is confirmed
  ProducerStates producers;
  std::set<Offset> snapshots;
  std::set<Offset> transaction_indexes;   // the segments that have such a file
  TransactionIndexSums transaction_sums;  // those that had one at the last clean stop
  /// Of both, those whose file is another one now: it may have grown since, or be damaged.
  std::set<Offset> changed_transaction_indexes;
  /// Segments whose transaction index is not there, no index, or not the one that was left.
  std::set<std::shared_ptr<Segment>> unindexed;
  Offset log_start_offset;
  Offset log_end_offset;
  /// Its files are what a clean close leaves, all of them on disk.
  bool is_as_closed = false;
  RecoveryReport report;
};

/// Loads the log in `directory`, which exists.
/// A clean log is not scanned. After an unclean stop, what lies from the recovery point on is read
/// whole, and what is before it in the same segment by its headers; at the first byte that is not
/// part of a valid batch, or at a gap between two segments,
/// the log ends and what follows is deleted; a tail with whole batches in it is kept beside its
/// segment as .corrupt-POSITION. After a clean stop no record is ever cut off. Records that were on
/// disk and are gone leave their offsets behind: those are not given out again, and who reads them
/// is told that they are gone.
/// errors  kIo, kDiskFull; kCorrupt: bad bytes at the end of a log that was stopped cleanly, or
///         records missing from it, and BadEnd::kRefuse; bytes that could not be read are never
///         taken for bad ones
/// source  Kafka's LogLoader, but that Kafka reads the segment of the recovery point whole, and cuts
///         a segment with an unreadable index after a clean stop, too
Result<LoadedLog> load_log(io::FileSystem& files, const std::string& directory,
                           const LogConfig& config, const OpenOptions& options);

}  // namespace millrace::storage
