// Loading a segment by its indexes, where those can be trusted: of its batches hardly any is read.
#pragma once

#include "base/result.h"
#include "model/ids.h"
#include "storage/segment/segment_loading.h"

namespace millrace::storage {

/// Adds the sealed segment at `base`, before the one at `next_base`. False when its index files do
/// not do, and it has to be scanned.
/// errors  kIo; kCorrupt: batches are missing at its end, and the log is to be refused
Result<bool> load_sealed_segment(const SegmentLoading& loading, Offset base, Offset next_base);

/// Adds the last segment, the one that takes appends: loads its indexes and walks what comes after
/// their last entry. False as above.
/// errors  kIo
Result<bool> load_active_segment(const SegmentLoading& loading, Offset base);

}  // namespace millrace::storage
