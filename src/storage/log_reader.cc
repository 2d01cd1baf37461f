#include "storage/log_reader.h"

#include <algorithm>
#include <utility>

#include "base/buffer.h"
#include "wire/record_batch.h"

namespace millrace::storage {
namespace {

/// The first batch that ends at or after `target`; nothing when the segment has none.
Result<std::optional<BatchPlace>> find_batch(const ReadStart& start, Offset target) {
  if (start.exact_batch) return start.exact_batch;
  BatchScanner scanner(*start.file, start.position, start.end);
  for (;;) {
    auto place = scanner.next();
    if (!place.ok() || !*place || (*place)->header.last_offset() >= target) return place;
  }
}

/// The last batch end at or before `limit`, which lies after the end of `first` and before the end
/// of the segment.
Result<std::uint64_t> boundary_at(const Segment& segment, const ReadStart& start,
                                  const BatchPlace& first, std::uint64_t limit) {
  std::uint64_t boundary = std::max(first.end(), segment.boundary_before(limit));
  BatchScanner scanner(*start.file, boundary, start.end);
  while (boundary < limit) {
    auto place = scanner.next();
    if (!place.ok()) return std::move(place).error();
    if (!*place || (*place)->end() > limit) break;
    boundary = (*place)->end();
  }
  return boundary;
}

/// Where batches that begin at or after `before` start.
Result<std::uint64_t> position_of_first_from(const Segment& segment, Offset before) {
  auto start = segment.start_for(before);
  if (!start.ok()) return std::move(start).error();
  auto place = find_batch(*start, before);
  if (!place.ok()) return std::move(place).error();
  if (!*place) return start->end;
  return (*place)->header.base_offset >= before ? (*place)->position : (*place)->end();
}

/// The first record in the batch at or after `from` with a timestamp of at least `time`.
Result<std::optional<OffsetAtTime>> find_in_batch(const io::File& file, const BatchPlace& place,
                                                  Timestamp time, Offset from) {
  Buffer bytes(place.header.size_bytes());
  bytes.resize_uninitialized(place.header.size_bytes());
  auto count = file.read_at(place.position, {bytes.data(), bytes.size()});
  if (!count.ok()) return std::move(count).error();
  Buffer scratch;
  auto reader = wire::BatchReader::open(bytes.view().substr(0, *count), scratch);
  if (!reader.ok()) return std::move(reader).error();
  RecordView record;
  while (reader->next(record)) {
    if (record.timestamp >= time && record.offset >= from) {
      return std::optional(
          OffsetAtTime{record.offset, record.timestamp, place.header.partition_leader_epoch});
    }
  }
  if (!reader->status().ok()) return reader->status().error();
  return std::optional<OffsetAtTime>{};
}

}  // namespace

Result<LogSlice> read_segment(const Segment& segment, Offset from, const ReadLimits& limits) {
  LogSlice empty;
  empty.first_batch_base = kNoOffset;
  auto start = segment.start_for(from);
  if (!start.ok()) return std::move(start).error();
  auto found = find_batch(*start, from);
  if (!found.ok()) return std::move(found).error();
  if (!*found) return empty;
  const BatchPlace& first = **found;
  empty.first_batch_base = first.header.base_offset;
  std::uint64_t end = start->end;
  if (limits.before != kNoOffset && limits.before < start->next_offset) {
    if (first.header.base_offset >= limits.before) return empty;
    auto position = position_of_first_from(segment, limits.before);
    if (!position.ok()) return std::move(position).error();
    end = std::max(std::min(end, *position), first.end());
  }
  if (first.header.size_bytes() >= limits.bytes_max) {
    const bool fits = first.header.size_bytes() == limits.bytes_max;
    if (!fits && limits.min_one == MinOneBatch::kNo) return empty;
    end = first.end();
  } else if (end - first.position > limits.bytes_max) {
    auto boundary = boundary_at(segment, *start, first, first.position + limits.bytes_max);
    if (!boundary.ok()) return std::move(boundary).error();
    end = *boundary;
  }
  LogSlice result = empty;
  result.slice = {start->file, first.position, end - first.position};
  return result;
}

Result<std::optional<OffsetAtTime>> find_time(const Segment& segment, Timestamp time, Offset from) {
  if (segment.max_timestamp().timestamp < time || segment.next_offset() <= from) {
    return std::optional<OffsetAtTime>{};
  }
  auto start = segment.start_for(time, from);
  if (!start.ok()) return std::move(start).error();
  BatchScanner scanner(*start->file, start->position, start->end);
  for (;;) {
    auto place = scanner.next();
    if (!place.ok()) return std::move(place).error();
    if (!*place) return std::optional<OffsetAtTime>{};
    const wire::BatchHeader& header = (*place)->header;
    if (header.max_timestamp < time || header.last_offset() < from) continue;
    auto found = find_in_batch(*start->file, **place, time, from);
    if (!found.ok() || *found) return found;
  }
}

}  // namespace millrace::storage
