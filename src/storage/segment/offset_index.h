// OffsetIndex: from an offset to a position in the segment, every few KiB.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace millrace::storage {

/// A segment's offset index in memory. An entry says: the batch at this position ends in this
/// offset.
/// invariant  offsets and positions both grow from entry to entry
class OffsetIndex {
 public:
  explicit OffsetIndex(Offset base) : base_(base) {}

  /// Offsets that do not grow are left out.
  void append(Offset last_offset, std::uint32_t position);
  /// Takes over the entries of `other`, an index of the same segment, that point behind `position`
  /// and the own ones.
  void append_from(const OffsetIndex& other, std::uint64_t position);
  /// Where to start looking for the batch that holds `target`: a batch's start at or before it.
  std::uint32_t position_for(Offset target) const;
  /// The last batch start known at or before `position`.
  std::uint32_t boundary_before(std::uint64_t position) const;
  /// The end of the second batch known from `position` on: no batch before `position` reaches that
  /// offset, whatever one wrong entry says. INT64_MAX when none is known.
  Offset bound_at(std::uint64_t position) const;
  std::size_t size() const { return entries_.size(); }
  /// Where the last entry points; 0 without entries.
  std::uint32_t last_position() const { return entries_.empty() ? 0 : entries_.back().position; }

  /// The bytes of the .index file.
  std::string encode() const;
  /// errors  kCorrupt: not whole entries, entries that do not grow, or a position at or past
  ///         `log_size_bytes`
  static Result<OffsetIndex> decode(Offset base, std::string_view bytes,
                                    std::uint64_t log_size_bytes);

 private:
  struct Entry {
    std::int32_t relative_offset;
    std::uint32_t position;
  };

  Offset base_;
  std::vector<Entry> entries_;
};

}  // namespace millrace::storage
