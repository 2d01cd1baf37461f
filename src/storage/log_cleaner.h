// LogCleaner: compaction of one log at a time, beside its appends and reads. What of it is dirty is
// decided in compaction/cleaning_plan.h, what stays of a batch in compaction/batch_cleaning.h, and
// how copies take the place of segments in log/segment_swap.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "storage/compaction/cleaning_plan.h"
#include "storage/compaction/key_offsets.h"
#include "storage/partition_log.h"

namespace millrace::storage {

struct Cleaning {
  /// Everything before it is clean: the checkpoint to be written down.
  Offset first_dirty;
  /// Whether keys were left for a further pass, for want of memory.
  bool has_more = false;
  std::uint64_t bytes_before = 0;  // of the segments that were rewritten
  std::uint64_t bytes_after = 0;
  std::size_t segments_before = 0;
  std::size_t segments_after = 0;
};

/// thread     one at a time; any
/// invariant  the log's writer is held only to look at lists: no file is read, written or synced
///            meanwhile
/// invariant  a pass that ends anywhere, by an error or by a power cut, leaves a log with every last
///            value; the next one begins from the same checkpoint
class LogCleaner {
 public:
  struct Options {
    /// Of the table of keys: 32 bytes a key (log.cleaner.dedupe.buffer.size).
    std::size_t dedupe_bytes_max = std::size_t{128} << 20U;
    /// Asked between batches: true gives the pass up.
    std::function<bool()> must_stop = [] { return false; };
  };

  LogCleaner(Options options, Random random);

  /// Whether the log is compacted and dirty, and how much so.
  /// checkpoint  where the last cleaning ended
  /// errors      kIo, kCorrupt where the age of segments has to be looked up
  /// thread      any, beside the log's writer
  static Result<CleaningPlan> look_at(const PartitionLog& log, std::optional<Offset> checkpoint,
                                      Timestamp now);

  /// One pass over the log, whether it is due or not; nothing when there is nothing to clean.
  /// errors  kCancelled: it was told to stop, or segments went meanwhile; kCorrupt, kUnsupported,
  ///         kTooLarge: a batch cannot be read, and the log is left as it is; kIo, kDiskFull;
  ///         KAFKA_STORAGE_ERROR: the log is out of use; those of `writer`
  /// cost    reads the headers of what is dirty, then what is dirty, then everything from the log's
  ///         start on, and writes the segments in which something went, or that become one with
  ///         others; memory for the table, which is taken for the records there are, for 4 MiB, and
  ///         for the largest batch, inflated
  Result<std::optional<Cleaning>> clean(const WithWriter& writer, std::optional<Offset> checkpoint,
                                        Timestamp now);

 private:
  Options options_;
  KeyOffsets keys_;
};

}  // namespace millrace::storage
