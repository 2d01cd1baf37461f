// Finding batches in the segments of a log: by offset and by time. Reads files, changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/connection.h"
#include "model/ids.h"
#include "storage/segment/segment.h"

namespace millrace::storage {

enum class MinOneBatch : std::uint8_t { kNo, kYes };
enum class WithBound : std::uint8_t { kNo, kYes };

/// Whole batches that lie next to each other in one segment's file.
struct LogSlice {
  io::FileSlice slice;       // size_bytes 0 when there is nothing (yet)
  Offset first_batch_base;   // may lie before the offset asked for; kNoOffset when empty
  Offset bound = kNoOffset;  // none of the batches reaches it; where ReadLimits ask for it
  Offset log_start_offset;   // as they were when the slice was taken
  Offset log_end_offset;
};

/// A slice for who reads committed records, and what in it does not count.
struct CommittedSlice {
  LogSlice slice;
  Offset last_stable_offset;                // nothing of the slice begins there or later
  std::vector<AbortedTransaction> aborted;  // those with records in the slice, perhaps a few more
};

struct OffsetAtTime {
  Offset offset;
  Timestamp timestamp;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
};

struct ReadLimits {
  std::size_t bytes_max;
  MinOneBatch min_one;
  Offset before = kNoOffset;  // batches that begin there or later are left out; kNoOffset: none
  WithBound with_bound = WithBound::kNo;
};

/// The batches of `segment` from the one that holds `from` (or the next one there is) on. The
/// offsets of the log in the result are left to the caller; first_batch_base names a batch that was
/// found but left out, too.
/// errors  kIo, kNotFound, kCorrupt (the file is not what was appended)
Result<LogSlice> read_segment(const Segment& segment, Offset from, const ReadLimits& limits);

/// The first record of `segment` at or after `from` whose timestamp is at or after `time`. In a
/// batch whose records make no sense it is the first one that the header speaks of.
/// cost  nothing when all are older; else two index look-ups and one batch, decompressed
Result<std::optional<OffsetAtTime>> find_time(const Segment& segment, Timestamp time, Offset from);

}  // namespace millrace::storage
