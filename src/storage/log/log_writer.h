// The writer of a log: appending batches, and rolling to a new segment.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "storage/log/log_appender.h"

namespace millrace::storage {

struct LogParts;

struct AppendResult {
  Offset base_offset;
  Offset last_offset;
  Timestamp log_append_time = kNoTimestamp;  // kNoTimestamp unless the topic says LogAppendTime
  Offset log_start_offset;
  bool duplicate = false;  // had been appended before; nothing was written
};

/// As PartitionLog::append.
Result<AppendResult> append(LogParts& log, PreparedBatch batch, LeaderEpoch epoch, Timestamp now);

/// As PartitionLog::append_marker.
Result<AppendResult> append_marker(LogParts& log, const wire::TransactionMarker& marker,
                                   wire::TransactionVersion version, LeaderEpoch epoch,
                                   Timestamp now);

/// Seals the active segment when it is not empty, and begins the next one.
Status roll(LogParts& log, Timestamp now);

/// Writes the producers as they are before `offset`, and deletes snapshots that are of no more use:
/// all older ones but those at the start of a segment.
Status write_snapshot(LogParts& log, Offset offset);

}  // namespace millrace::storage
