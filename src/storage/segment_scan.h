// Reading a whole segment after an unclean stop: how much of it is valid, and its indexes anew.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "io/file_system.h"
#include "storage/segment.h"

namespace millrace::storage {

struct ScannedSegment {
  SegmentIndexes indexes;
  SegmentExtent extent;  // of the valid batches
  std::string bad;       // why it ends before the file does; empty when it does not
};

/// Reads the file from its start and checks every batch: length, CRC, offsets that grow from
/// `base`. on_batch  called for each valid batch errors    kIo; the file is not changed memory    1
/// MiB, whatever the lengths claim
Result<ScannedSegment> scan_segment(const io::File& file, Offset base,
                                    std::int64_t index_interval_bytes,
                                    const std::function<void(const wire::BatchHeader&)>& on_batch);

}  // namespace millrace::storage
