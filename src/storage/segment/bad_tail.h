// Ending a log after an unclean stop: what is no log any more is cut off, or taken out, and kept
// beside the log where whole batches are in it.
#pragma once

#include "base/result.h"
#include "io/file_system.h"
#include "model/ids.h"
#include "storage/segment/segment_loading.h"
#include "storage/segment/segment_scan.h"

namespace millrace::storage {

/// Ends the file of the segment at `base` where its whole batches end, as `scanned` says.
/// errors  kIo, kDiskFull: there is no room to keep what is cut off
Status cut_bad_tail(const SegmentLoading& loading, Offset base, io::File& file,
                    const ScannedSegment& scanned);

/// Renames a segment that lies behind the end of the log, if there are whole batches in it.
/// errors  kIo
Status put_segment_aside(const SegmentLoading& loading, Offset base);

}  // namespace millrace::storage
