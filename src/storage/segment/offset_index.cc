#include "storage/segment/offset_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/byte_order.h"
#include "storage/segment/segment_format.h"

namespace millrace::storage {

void OffsetIndex::append(Offset last_offset, std::uint32_t position) {
  const auto relative = static_cast<std::int32_t>(last_offset - base_);
  if (!entries_.empty() && relative <= entries_.back().relative_offset) return;
  entries_.push_back({relative, position});
}

void OffsetIndex::append_from(const OffsetIndex& other, std::uint64_t position) {
  for (const Entry& entry : other.entries_) {
    if (entry.position > std::max<std::uint64_t>(position, last_position()))
      append(base_ + entry.relative_offset, entry.position);
  }
}

std::uint32_t OffsetIndex::position_for(Offset target) const {
  const std::int64_t relative = target - base_;
  const auto after = std::upper_bound(
      entries_.begin(), entries_.end(), relative,
      [](std::int64_t wanted, const Entry& entry) { return wanted < entry.relative_offset; });
  return after == entries_.begin() ? 0 : std::prev(after)->position;
}

std::uint32_t OffsetIndex::boundary_before(std::uint64_t position) const {
  const auto after = std::upper_bound(
      entries_.begin(), entries_.end(), position,
      [](std::uint64_t wanted, const Entry& entry) { return wanted < entry.position; });
  return after == entries_.begin() ? 0 : std::prev(after)->position;
}

Offset OffsetIndex::bound_at(std::uint64_t position) const {
  const auto after = std::lower_bound(
      entries_.begin(), entries_.end(), position,
      [](const Entry& entry, std::uint64_t wanted) { return entry.position < wanted; });
  if (after == entries_.end() || after + 1 == entries_.end()) return Offset{INT64_MAX};
  return base_ + (after + 1)->relative_offset;
}

std::string OffsetIndex::encode() const {
  std::string bytes(entries_.size() * kOffsetIndexEntrySize, '\0');
  char* to = bytes.data();
  for (const Entry& entry : entries_) {
    store_big_endian(to, entry.relative_offset);
    store_big_endian(to + sizeof(std::int32_t), entry.position);
    to += kOffsetIndexEntrySize;
  }
  return bytes;
}

Result<OffsetIndex> OffsetIndex::decode(Offset base, std::string_view bytes,
                                        std::uint64_t log_size_bytes) {
  if (bytes.size() % kOffsetIndexEntrySize != 0) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("offset index: wanted whole entries of {1} bytes, found {0} bytes",
                             bytes.size(), kOffsetIndexEntrySize)};
  }
  OffsetIndex index(base);
  index.entries_.reserve(bytes.size() / kOffsetIndexEntrySize);
  Entry previous{-1, 0};
  for (std::size_t at = 0; at < bytes.size(); at += kOffsetIndexEntrySize) {
    const Entry entry{load_big_endian<std::int32_t>(bytes.data() + at),
                      load_big_endian<std::uint32_t>(bytes.data() + at + sizeof(std::int32_t))};
    if (entry.relative_offset <= previous.relative_offset || entry.position <= previous.position ||
        entry.position >= log_size_bytes) {
      return Error{ErrorCode::kCorrupt,
                   fmt::format("offset index entry {}: offset {} at {} cannot be", index.size(),
                               base + entry.relative_offset, entry.position)};
    }
    index.entries_.push_back(entry);
    previous = entry;
  }
  return index;
}

}  // namespace millrace::storage
