#include "storage/log/log_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/buffer.h"
#include "base/log.h"
#include "storage/segment/segment_format.h"
#include "wire/record_batch.h"

namespace millrace::storage {
namespace {

/// What inflates to more is not looked into for a time: a look-up holds up a loop's other clients.
constexpr std::size_t kInflatedBytesMax = std::size_t{32} << 20U;

/// The next batch of a scan from `start`.
/// errors  kCorrupt also where the index led to a batch behind the offset that was looked for
Result<std::optional<BatchPlace>> next_batch(BatchScanner& scanner, const ReadStart& start) {
  auto place = scanner.next();
  if (!place.ok() || !*place) return place;
  const BatchPlace& found = **place;
  if (start.position == 0 || found.position > start.position ||
      found.header.base_offset <= start.target) {
    return place;
  }
  return Error{ErrorCode::kCorrupt,
               fmt::format("wanted a batch at or before offset {} at {}, found that of {}",
                           start.target, found.position, found.header.base_offset)};
}

/// The first batch that ends at or after `target`; nothing when the segment has none.
Result<std::optional<BatchPlace>> find_batch(const ReadStart& start, Offset target) {
  if (start.exact_batch) return start.exact_batch;
  BatchScanner scanner(*start.file, start.position, start.end);
  for (;;) {
    auto place = next_batch(scanner, start);
    if (!place.ok() || !*place || (*place)->header.last_offset() >= target) return place;
  }
}

/// Whether what was met may be the index's fault, and the index was made anew to try once more.
template <class Found>
Result<bool> may_retry(const Segment& segment, const Result<Found>& found) {
  if (found.ok() || found.error().code != ErrorCode::kCorrupt) return false;
  return segment.remake_index();
}

struct FoundBatch {
  ReadStart start;
  std::optional<BatchPlace> place;
};

/// find_batch() from where the segment's index leads.
Result<FoundBatch> find_batch(const Segment& segment, Offset target) {
  for (std::optional<std::uint64_t> tried;;) {
    auto start = segment.start_for(target);
    if (!start.ok()) return std::move(start).error();
    auto place = find_batch(*start, target);
    if (place.ok()) return FoundBatch{std::move(start).value(), *place};
    if (place.error().code != ErrorCode::kCorrupt || start->position == 0 ||
        tried == start->position) {
      return std::move(place).error();
    }
    // Another reader may have made the index anew meanwhile: what counts is where it leads now.
    if (auto remade = segment.remake_index(); !remade.ok()) return std::move(remade).error();
    tried = start->position;
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
  const auto found = find_batch(segment, before);
  if (!found.ok()) return found.error();
  if (!found->place) return found->start.end;
  return found->place->header.base_offset >= before ? found->place->position : found->place->end();
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
  const auto found = find_batch(segment, from);
  if (!found.ok()) return found.error();
  if (!found->place) return empty;
  const ReadStart* const start = &found->start;
  const BatchPlace& first = *found->place;
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
    const std::uint64_t limit = first.position + limits.bytes_max;
    auto boundary = boundary_at(segment, *start, first, limit);
    const auto retry = may_retry(segment, boundary);
    if (!retry.ok()) return retry.error();
    if (*retry) boundary = boundary_at(segment, *start, first, limit);
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
    auto place = next_batch(scanner, *start);
    const auto retry = start->position > 0 ? may_retry(segment, place) : Result<bool>(false);
    if (!retry.ok()) return retry.error();
    if (*retry) return find_time(segment, time, from);
    if (!place.ok()) return std::move(place).error();
    if (!*place) return std::optional<OffsetAtTime>{};
    const wire::BatchHeader& header = (*place)->header;
    if (header.max_timestamp < time || header.last_offset() < from) continue;
    auto found = find_in_batch(*start->file, segment.path(kLogSuffix), **place, time, from);
    if (!found.ok() || *found) return found;
  }
}

}  // namespace millrace::storage
