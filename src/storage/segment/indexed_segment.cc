#include "storage/segment/indexed_segment.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/byte_order.h"
#include "base/log.h"
#include "storage/segment/segment_format.h"

namespace millrace::storage {
namespace {

/// Where the last batch of a sealed segment ends; `next_base` where that is as it should be, or
/// nobody can tell. A file that is shorter than its index says has lost batches, in whatever topic;
/// else compaction may have taken the last ones.
/// errors  kIo
/// cost    a read of the index and one of the segment's end; all headers where something is wrong
Result<Offset> end_of_sealed(const SegmentLoading& loading, const io::File& log,
                             const io::File& index, Offset base, Offset next_base) {
  std::uint64_t last_known = 0;
  Offset last_indexed = base;
  if (index.size() >= kOffsetIndexEntrySize) {
    std::array<char, kOffsetIndexEntrySize> entry;
    auto count = index.read_at(index.size() - kOffsetIndexEntrySize, entry);
    if (!count.ok()) return std::move(count).error();
    last_indexed = base + load_big_endian<std::int32_t>(entry.data());
    last_known = load_big_endian<std::uint32_t>(entry.data() + sizeof(std::int32_t));
  }
  const bool is_short = last_known > 0 && last_known >= log.size();
  if (loading.may_have_gaps() && !is_short) return next_base;
  for (const std::uint64_t from : {last_known, std::uint64_t{0}}) {
    Offset end = base;
    for (BatchScanner scanner(log, std::min(from, log.size()), log.size());;) {
      auto place = scanner.next();
      if (!place.ok() && place.error().code != ErrorCode::kCorrupt) return std::move(place).error();
      if (!place.ok()) break;
      if (!*place) {
        // Of an index with a wrong bit only one of the two is beyond the file.
        if (loading.may_have_gaps() && last_indexed < end) return next_base;
        if (from == 0 || end == next_base) return std::min(end, next_base);
        break;
      }
      end = (*place)->header.next_offset();
    }
  }
  LOG_ERROR("a segment that was wholly on disk has bad bytes, leaving it as it is",
            {{"path", loading.path(base, kLogSuffix)}});
  return next_base;
}

}  // namespace

Result<bool> load_sealed_segment(const SegmentLoading& loading, Offset base, Offset next_base) {
  auto log = loading.files.open(loading.path(base, kLogSuffix), io::OpenMode::kRead);
  if (!log.ok()) return std::move(log).error();
  auto index = loading.files.open(loading.path(base, kOffsetIndexSuffix), io::OpenMode::kRead);
  auto times = loading.files.open(loading.path(base, kTimeIndexSuffix), io::OpenMode::kRead);
  for (const auto* file : {&index, &times}) {
    if (file->ok()) continue;
    if (file->error().code == ErrorCode::kNotFound) return false;
    return file->error();
  }
  const std::uint64_t times_size = times.value()->size();
  if (index.value()->size() % kOffsetIndexEntrySize != 0 || times_size % kTimeIndexEntrySize != 0) {
    return false;
  }
  auto end = end_of_sealed(loading, *log.value(), *index.value(), base, next_base);
  if (!end.ok()) return std::move(end).error();
  if (*end < next_base && next_base > loading.options.log_start_offset) {
    if (Status status = loading.complain_of_gap(*end, next_base); !status.ok())
      return status.error();
  }
  SegmentExtent extent{log.value()->size(), *end, {kNoTimestamp, base}};
  if (times_size > 0) {
    std::array<char, kTimeIndexEntrySize> bytes;
    auto count = times.value()->read_at(times_size - kTimeIndexEntrySize, bytes);
    if (!count.ok()) return std::move(count).error();
    auto last = TimeIndex::decode(base, {bytes.data(), *count});
    if (!last.ok() || last->size() != 1) return false;
    extent.max_timestamp = last->last();
  }
  auto aborted = loading.load_aborted(base, next_base);
  if (!aborted.ok()) return std::move(aborted).error();
  loading.loaded.segments.push_back(
      Segment::sealed(loading.files, loading.directory, base, extent, loading.aborted_file(base)));
  if (!*aborted) loading.loaded.unindexed.insert(loading.loaded.segments.back());
  return true;
}

Result<bool> load_active_segment(const SegmentLoading& loading, Offset base) {
  auto file = loading.files.open(loading.path(base, kLogSuffix), io::OpenMode::kReadWrite);
  if (!file.ok()) return std::move(file).error();
  const std::uint64_t size = file.value()->size();
  SegmentIndexes indexes(base);
  for (const auto suffix : {kOffsetIndexSuffix, kTimeIndexSuffix}) {
    auto bytes = loading.files.read_all(loading.path(base, suffix));
    if (!bytes.ok()) {
      if (bytes.error().code != ErrorCode::kNotFound) return std::move(bytes).error();
      if (size == 0) continue;  // what has no batches has no entries
      return false;
    }
    if (suffix == kOffsetIndexSuffix) {
      auto offsets = OffsetIndex::decode(base, *bytes, size);
      if (!offsets.ok()) return false;
      indexes.offsets = std::move(offsets).value();
    } else {
      auto times = TimeIndex::decode(base, *bytes);
      if (!times.ok()) return false;
      indexes.times = std::move(times).value();
    }
  }
  indexes.max_timestamp = indexes.times.last();
  SegmentExtent extent{size, base, {}};
  for (BatchScanner first(*file.value(), 0, size);;) {
    auto place = first.next();
    if (!place.ok()) {
      if (place.error().code != ErrorCode::kCorrupt) return std::move(place).error();
      return false;
    }
    if (*place) indexes.first_batch_timestamp = (*place)->header.max_timestamp;
    break;
  }
  BatchScanner scanner(*file.value(), indexes.offsets.last_position(), size);
  for (;;) {
    auto place = scanner.next();
    if (!place.ok()) {
      if (place.error().code != ErrorCode::kCorrupt) return std::move(place).error();
      return false;
    }
    if (!*place) break;
    const wire::BatchHeader& header = (*place)->header;
    if (header.max_timestamp.value() > indexes.max_timestamp.timestamp.value()) {
      indexes.max_timestamp = {header.max_timestamp, header.last_offset()};
    }
    indexes.bytes_since_entry += static_cast<std::int64_t>(header.size_bytes());
    extent.next_offset = header.next_offset();
  }
  extent.max_timestamp = indexes.max_timestamp;
  auto aborted = loading.load_aborted(base, extent.next_offset);
  if (!aborted.ok()) return std::move(aborted).error();
  if (*aborted) indexes.transactions = std::move(**aborted);
  loading.loaded.segments.push_back(
      Segment::active(loading.files, loading.directory, base, std::move(file).value(),
                      std::move(indexes), extent, loading.options.now, loading.aborted_file(base)));
  if (!*aborted) loading.loaded.unindexed.insert(loading.loaded.segments.back());
  return true;
}

}  // namespace millrace::storage
