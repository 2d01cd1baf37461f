// TimeIndex: from a time to an offset before which everything is older.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"

namespace millrace::storage {

struct TimestampOffset {
  Timestamp timestamp = kNoTimestamp;
  Offset offset;
};

/// A segment's time index in memory. An entry (t, o) says: the largest timestamp up to offset o is
/// t, and the batch that ends in o has it.
/// invariant  timestamps grow from entry to entry, offsets do not shrink
class TimeIndex {
 public:
  explicit TimeIndex(Offset base) : base_(base) {}

  /// Entries that are no newer than the last one are left out.
  void append(TimestampOffset entry);
  /// The last entry older than or as old as `time`; its offset, or the base without one.
  Offset offset_before(Timestamp time) const;
  /// The last entry: the largest timestamp of a sealed segment.
  TimestampOffset last() const;
  std::size_t size() const { return entries_.size(); }

  /// The bytes of the .timeindex file.
  std::string encode() const;
  /// errors  kCorrupt: not whole entries, or entries that do not grow
  static Result<TimeIndex> decode(Offset base, std::string_view bytes);

 private:
  struct Entry {
    std::int64_t timestamp;
    std::int32_t relative_offset;
  };

  Offset base_;
  std::vector<Entry> entries_;
};

}  // namespace millrace::storage
