// Reading a whole segment after an unclean stop: how much of it is valid, and its indexes anew.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "io/file_system.h"
#include "storage/segment/segment.h"

namespace millrace::storage {

struct ScannedSegment {
  SegmentIndexes indexes;
  SegmentExtent extent;      // of the valid batches
  bool has_markers = false;  // transactions end in it
  std::string bad;           // why it ends before the file does; empty when it does not
};

/// Reads the file from its start and checks every batch: length, CRC, offsets that grow from
/// `base`.
/// on_batch  called for each valid batch
/// errors    kIo; the file is not changed
/// memory    1 MiB, whatever the lengths claim
Result<ScannedSegment> scan_segment(const io::File& file, Offset base,
                                    std::int64_t index_interval_bytes,
                                    const std::function<void(const wire::BatchHeader&)>& on_batch);

/// Whether a whole valid batch begins anywhere in the file from `position` on.
/// errors  kIo
/// cost    reads all of it; for what is about to be cut off
Result<bool> holds_whole_batch(const io::File& file, std::uint64_t position);

}  // namespace millrace::storage
