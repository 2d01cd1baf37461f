#include "storage/segment/time_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/byte_order.h"
#include "storage/segment/segment_format.h"

namespace millrace::storage {

void TimeIndex::append(TimestampOffset entry) {
  if (entry.timestamp.value() <= last().timestamp.value()) return;
  entries_.push_back({entry.timestamp.value(), static_cast<std::int32_t>(entry.offset - base_)});
}

Offset TimeIndex::offset_before(Timestamp time) const {
  const auto after = std::upper_bound(
      entries_.begin(), entries_.end(), time.value(),
      [](std::int64_t wanted, const Entry& entry) { return wanted < entry.timestamp; });
  return after == entries_.begin() ? base_ : base_ + std::prev(after)->relative_offset;
}

TimestampOffset TimeIndex::last() const {
  if (entries_.empty()) return {kNoTimestamp, base_};
  return {Timestamp{entries_.back().timestamp}, base_ + entries_.back().relative_offset};
}

std::string TimeIndex::encode() const {
  std::string bytes(entries_.size() * kTimeIndexEntrySize, '\0');
  char* to = bytes.data();
  for (const Entry& entry : entries_) {
    store_big_endian(to, entry.timestamp);
    store_big_endian(to + sizeof(std::int64_t), entry.relative_offset);
    to += kTimeIndexEntrySize;
  }
  return bytes;
}

Result<TimeIndex> TimeIndex::decode(Offset base, std::string_view bytes) {
  if (bytes.size() % kTimeIndexEntrySize != 0) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("time index: wanted whole entries of {1} bytes, found {0} bytes",
                             bytes.size(), kTimeIndexEntrySize)};
  }
  TimeIndex index(base);
  index.entries_.reserve(bytes.size() / kTimeIndexEntrySize);
  Entry previous{-1, 0};
  for (std::size_t at = 0; at < bytes.size(); at += kTimeIndexEntrySize) {
    const Entry entry{load_big_endian<std::int64_t>(bytes.data() + at),
                      load_big_endian<std::int32_t>(bytes.data() + at + sizeof(std::int64_t))};
    if (entry.timestamp <= previous.timestamp || entry.relative_offset < previous.relative_offset) {
      return Error{ErrorCode::kCorrupt,
                   fmt::format("time index entry {}: {} at offset {} cannot be", index.size(),
                               entry.timestamp, base + entry.relative_offset)};
    }
    index.entries_.push_back(entry);
    previous = entry;
  }
  return index;
}

}  // namespace millrace::storage
