// What readers of a log see of its segments as one: batches by offset, records by time.
#pragma once

#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "storage/log/log_reader.h"

namespace millrace::storage {

struct LogParts;

/// As PartitionLog::read.      thread  any
Result<LogSlice> read(const LogParts& log, Offset from, const ReadLimits& limits);

/// The first record at or after `from` with a timestamp of at least `time`.    thread  any
/// errors  KAFKA_STORAGE_ERROR; what is damaged is passed over
Result<std::optional<OffsetAtTime>> find_time_from(const LogParts& log, Offset from,
                                                   Timestamp time);

/// As PartitionLog::max_timestamp.      thread  any
Result<std::optional<OffsetAtTime>> find_max_timestamp(const LogParts& log);

}  // namespace millrace::storage
