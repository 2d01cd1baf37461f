// What readers of a log see of its segments as one: batches by offset, records by time.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "storage/log/log_reader.h"

namespace millrace::storage {

struct LogParts;

/// As PartitionLog::read.      thread  any
Result<LogSlice> read(const LogParts& log, Offset from, const ReadLimits& limits);

/// As PartitionLog::read_committed.      thread  any
Result<CommittedSlice> read_committed(const LogParts& log, Offset from, std::size_t bytes_max,
                                      MinOneBatch min_one);

/// As PartitionLog::aborted_transactions.      thread  any
Result<std::vector<AbortedTransaction>> aborted_transactions(const LogParts& log, Offset from,
                                                             Offset before);

/// The first record at or after `from` with a timestamp of at least `time`.    thread  any
/// errors  KAFKA_STORAGE_ERROR; what is damaged is passed over
Result<std::optional<OffsetAtTime>> find_time_from(const LogParts& log, Offset from,
                                                   Timestamp time);

/// As PartitionLog::max_timestamp.      thread  any
Result<std::optional<OffsetAtTime>> find_max_timestamp(const LogParts& log);

}  // namespace millrace::storage
