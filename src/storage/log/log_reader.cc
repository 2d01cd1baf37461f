#include "storage/log/log_reader.h"

#include <algorithm>
#include <utility>

#include "base/buffer.h"
#include "base/log.h"
#include "storage/segment/segment_format.h"
#include "wire/record_batch.h"

namespace millrace::storage {
namespace {

/// What inflates to more is not looked into for a time: a look-up holds up a loop's other clients.
constexpr std::size_t kInflatedBytesMax = std::size_t{32} << 20U;

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

/// The first record in `bytes` at or after `from` with a timestamp of at least `time`.
/// errors  the batch makes no sense
Result<std::optional<OffsetAtTime>> find_in_records(std::string_view bytes, Timestamp time,
                                                    Offset from) {
  Buffer scratch;
  auto reader = wire::BatchReader::open(bytes, scratch, wire::CrcCheck::kVerify, kInflatedBytesMax);
  if (!reader.ok()) return std::move(reader).error();
  RecordView record;
  while (reader->next(record)) {
    if (record.timestamp >= time && record.offset >= from) {
      return std::optional(
          OffsetAtTime{record.offset, record.timestamp, reader->header().partition_leader_epoch});
    }
  }
  if (!reader->status().ok()) return reader->status().error();
  return std::optional<OffsetAtTime>{};
}

/// The same in the batch at `place`, whose header says that there is such a record. When nothing
/// else of the batch makes sense, its header is the answer: an error would keep everybody who looks
/// up a time from all that comes after the batch, and trying again would not help.
Result<std::optional<OffsetAtTime>> find_in_batch(const io::File& file, const std::string& path,
                                                  const BatchPlace& place, Timestamp time,
                                                  Offset from) {
  const wire::BatchHeader& header = place.header;
  Buffer bytes(header.size_bytes());
  bytes.resize_uninitialized(header.size_bytes());
  auto count = file.read_at(place.position, {bytes.data(), bytes.size()});
  if (!count.ok()) return std::move(count).error();
  auto found = find_in_records(bytes.view().substr(0, *count), time, from);
  if (found.ok()) return found;
  LOG_WARN("a batch makes no sense, finding a time by its header alone",
           {{"path", path}, {"byte", place.position}, {"reason", found.error().message}});
  return std::optional(OffsetAtTime{std::max(header.base_offset, from), header.max_timestamp,
                                    header.partition_leader_epoch});
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
  if (limits.with_bound == WithBound::kYes) result.bound = segment.bound_at(end);
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
    auto found = find_in_batch(*start->file, segment.path(kLogSuffix), **place, time, from);
    if (!found.ok() || *found) return found;
  }
}

}  // namespace millrace::storage
