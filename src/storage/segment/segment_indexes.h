// SegmentIndexes: the indexes of a segment and what they are built from, fed batch by batch: by
// appends and, after an unclean stop, by the scan. So both make the same entries. Which
// transactions were aborted no batch says by itself: that comes from who knows the producers.
#pragma once

#include <cstdint>

#include "storage/segment/offset_index.h"
#include "storage/segment/time_index.h"
#include "storage/segment/transaction_index.h"
#include "wire/batch_header.h"

namespace millrace::storage {

struct SegmentIndexes {
  explicit SegmentIndexes(Offset base)
      : offsets(base), times(base), max_timestamp{kNoTimestamp, base} {}

  OffsetIndex offsets;
  TimeIndex times;
  TransactionIndex transactions;
  TimestampOffset max_timestamp;  // the last offset of the first batch that has it
  Timestamp first_batch_timestamp = kNoTimestamp;
  std::int64_t bytes_since_entry = 0;

  /// Counts in the batch that starts at `position`.
  void add(const wire::BatchHeader& header, std::uint32_t position,
           std::int64_t index_interval_bytes) {
    if (position == 0) first_batch_timestamp = header.max_timestamp;
    // A batch that compaction emptied says the time of a record that is gone.
    if (header.record_count > 0 && header.max_timestamp.value() > max_timestamp.timestamp.value()) {
      max_timestamp = {header.max_timestamp, header.last_offset()};
    }
    if (bytes_since_entry > index_interval_bytes) {
      offsets.append(header.last_offset(), position);
      times.append(max_timestamp);
      bytes_since_entry = 0;
    }
    bytes_since_entry += static_cast<std::int64_t>(header.size_bytes());
  }

  /// A sealed segment's time index ends in its largest timestamp, so that opening reads only that.
  void seal() { times.append(max_timestamp); }
};

}  // namespace millrace::storage
