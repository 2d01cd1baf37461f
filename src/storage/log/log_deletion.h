// Taking records out of a log: by retention, and by request. The files are given up here and
// removed later, by whoever looks after DelayedRemoval.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"

namespace millrace::storage {

struct LogParts;

/// As PartitionLog::apply_retention.      thread  the log's writer
Result<std::size_t> apply_retention(LogParts& log, Timestamp now);

/// As PartitionLog::delete_records_before.      thread  the log's writer
Status delete_records_before(LogParts& log, Offset offset);

}  // namespace millrace::storage
