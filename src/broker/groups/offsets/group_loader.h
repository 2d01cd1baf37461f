// Reading `__consumer_offsets` back at start.
#pragma once

#include "base/result.h"
#include "broker/coordination/coordinator_log.h"
#include "broker/groups/coordinator/group_coordinator.h"

namespace millrace::broker {

/// Replays all partitions of the log into `coordinator`, and lets it begin.
/// errors  what reading meets, kCorrupt when the bytes are not batches; a batch or a record that
///         does not decode is logged and skipped
Status load_groups(CoordinatorLog& log, GroupCoordinator& coordinator, Instant now);

}  // namespace millrace::broker
