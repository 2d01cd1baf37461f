// Reading `__consumer_offsets` back at start.
#pragma once

#include "base/result.h"
#include "broker/groups/coordinator/group_coordinator.h"
#include "broker/groups/offsets/offsets_log.h"

namespace millrace::broker {

/// Replays all partitions of the log into `coordinator`, and lets it begin.
/// errors  what reading meets, kCorrupt when the bytes are not batches; a batch or a record that
///         does not decode is logged and skipped
Status load_groups(OffsetsLog& log, GroupCoordinator& coordinator, Instant now);

}  // namespace millrace::broker
