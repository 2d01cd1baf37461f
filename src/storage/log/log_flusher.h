// LogFlusher: which part of a log is on disk, and how the rest gets there.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "io/file_system.h"
#include "model/ids.h"
#include "storage/segment/segment.h"

namespace millrace::storage {

/// Belongs to one log, whose writer tells it of segments that were sealed and names that changed.
///
/// thread     flush, recovery_point, check_usable: any, beside the writer. The rest: the writer.
/// invariant  everything before recovery_point() is on disk: bytes, names of files, and indexes of
///            sealed segments
/// invariant  the writer waits for no sync of another thread
/// invariant  after a sync failed nothing is confirmed any more: nobody knows which bytes are on
///            disk, and a later sync would not tell
class LogFlusher {
 public:
  enum class Names { kSynced, kUnsynced };

  /// files  outlives this
  LogFlusher(io::FileSystem& files, std::string directory, Offset recovery_point, Names names)
      : files_(files),
        directory_(std::move(directory)),
        recovery_point_(recovery_point.value()),
        has_unsynced_names_(names == Names::kUnsynced) {}

  Offset recovery_point() const { return Offset{recovery_point_.load()}; }
  /// errors  KAFKA_STORAGE_ERROR once the log was deleted, or a sync failed
  Status check_usable() const;

  /// Syncs what was appended before `target`. `last` is the log's last segment, as it was when
  /// `target` was taken or later; its own bytes are synced only when it begins before `target`.
  /// errors  KAFKA_STORAGE_ERROR: the log is out of use
  Status flush(Offset target, Segment& last);

  /// Files were made or deleted in the log's directory.
  void names_changed() { has_unsynced_names_ = true; }
  /// Syncs the active segment and the indexes that were written of it.
  /// errors  KAFKA_STORAGE_ERROR: the log is out of use
  Status sync_active(Segment& active);

  /// Before the segment after `active` is made, which begins at `next_base`. A recovery point at
  /// the very end of a segment says that it need not be scanned, so its indexes must be on disk
  /// before it is a sealed one: from here on the recovery point does not get there without them,
  /// and where it is there already they are synced at once.   caller  has written the indexes
  /// errors  KAFKA_STORAGE_ERROR: the log is out of use
  Status begin_sealing(const std::shared_ptr<Segment>& active, Offset next_base);
  /// `segment` takes no more appends, and is to be synced.
  void add_sealed(const std::shared_ptr<Segment>& segment);
  /// `segment` was deleted, or is not sealed after all.
  void forget(const std::shared_ptr<Segment>& segment);

  /// The log's files are in a state that only the next start can mend: nothing is appended or
  /// confirmed any more. Returns KAFKA_STORAGE_ERROR for `cause`.
  Status give_up(const Error& cause) { return broken_by(cause); }

  /// The log was deleted: a sync that fails from now on says nothing.
  void stop() { is_stopped_ = true; }

 private:
  using Segments = std::vector<std::shared_ptr<Segment>>;

  Error broken_by(const Error& cause);
  Status flush_up_to(Offset target, Segment& last);
  Status sync_names();
  Status sync_sealed();
  bool raise_recovery_point(Offset target, const Segment& last);

  io::FileSystem& files_;
  const std::string directory_;
  Guarded<Segments> unsynced_sealed_;  // oldest first
  std::atomic<std::int64_t> recovery_point_;
  std::atomic<bool> has_unsynced_names_;
  std::atomic<bool> is_broken_{false};
  std::atomic<bool> is_stopped_{false};
  std::mutex flush_mutex_;  // one flush at a time; the next one often finds its work done
};

}  // namespace millrace::storage
