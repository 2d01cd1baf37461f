// Reading a whole segment after an unclean stop: how much of it is valid, and its indexes anew.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "io/file_system.h"
#include "storage/log/leader_epochs.h"
#include "storage/segment/segment.h"

namespace millrace::storage {

struct ScannedSegment {
  explicit ScannedSegment(Offset base) : indexes(base), extent{0, base, {kNoTimestamp, base}} {}

  SegmentIndexes indexes;
  SegmentExtent extent;      // of the valid batches
  LeaderEpochs epochs;       // those that begin in it
  bool has_markers = false;  // transactions end in it
  std::string bad;           // why it ends before the file does; empty when it does not
};

/// Reads the file from its start and checks every batch: length, CRC, offsets that grow from
/// `base`. What lies before `known_end` was on disk already: as far as headers lead exactly there,
/// no more than these is read of it, and a record that turned bad since is for its reader to find.
/// errors  kIo; the file is not changed
/// memory  1 MiB, whatever the lengths claim
Result<ScannedSegment> scan_segment(const io::File& file, Offset base, Offset known_end,
                                    std::int64_t index_interval_bytes);

/// Whether a whole valid batch begins anywhere in the file from `position` on.
/// errors  kIo
/// cost    reads all of it; for what is about to be cut off
Result<bool> holds_whole_batch(const io::File& file, std::uint64_t position);

}  // namespace millrace::storage
