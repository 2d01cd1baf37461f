#include "storage/log/log_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "storage/log/log_parts.h"
#include "storage/segment/segment_format.h"
#include "storage/storage_error.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using wire::KafkaError;

/// Bytes that are no batch stay so: CORRUPT_MESSAGE, which a consumer is told of, as when it finds
/// a bad checksum itself. With KAFKA_STORAGE_ERROR it would ask again for ever.
Error read_error(const Error& cause) {
  if (cause.code != ErrorCode::kCorrupt) return storage_error("reading", cause);
  return wire::make_error(KafkaError::kCorruptMessage, cause.message);
}

Error out_of_range(const LogParts& log, Offset from) {
  return wire::make_error(KafkaError::kOffsetOutOfRange,
                          fmt::format("offset {}, the log holds {} up to {}", from,
                                      log.offsets.start(), log.offsets.end()));
}

}  // namespace

Result<LogSlice> read(const LogParts& log, Offset from, const ReadLimits& limits) {
  LogSlice result;
  result.first_batch_base = kNoOffset;
  result.log_end_offset = log.offsets.end();
  result.log_start_offset = log.offsets.start();
  if (from < result.log_start_offset || from > result.log_end_offset) {
    return out_of_range(log, from);
  }
  if (from == result.log_end_offset) return result;
  // Batches appended since log_end_offset was read are left out, so that the two agree.
  const Offset bound = limits.before == kNoOffset ? result.log_end_offset
                                                  : std::min(limits.before, result.log_end_offset);
  for (Offset at = from;;) {
    const auto found = log.segments.find(at);
    auto slice = read_segment(*found.segment, from,
                              {limits.bytes_max, limits.min_one, bound, limits.with_bound});
    // Retention may have deleted what holds `from` since: then the segment found is a later one, or
    // its files are gone. Records that were there are never passed over in silence.
    if (from < log.offsets.start()) return out_of_range(log, from);
    // A rewritten segment took its place meanwhile: the list knows which.
    if (!slice.ok() && found.segment->is_retired()) continue;
    if (!slice.ok()) return read_error(slice.error());
    if (!found.is_active()) log.segments.keep_open(found.segment);
    if (slice->slice.size_bytes > 0) {
      result.slice = std::move(slice->slice);
      result.first_batch_base = slice->first_batch_base;
      result.bound = slice->bound;
    }
    if (found.is_active() || slice->first_batch_base != kNoOffset) return result;
    // Nothing in this segment at or after `from`: what was behind its end was lost, or compaction
    // took it, and the next one goes on.
    const Offset end = found.segment->next_offset();
    if (end <= from && end < found.next_base && !found.segment->is_retired()) {
      return read_error(Error{ErrorCode::kCorrupt,
                              fmt::format("the records from {} up to {} are gone from the disk",
                                          end, found.next_base)});
    }
    at = found.next_base;
  }
}

Result<std::vector<AbortedTransaction>> aborted_transactions(const LogParts& log, Offset from,
                                                             Offset before) {
  std::vector<AbortedTransaction> found;
  if (!log.has_aborted.load()) return found;
  for (;;) {
    found.clear();
    const std::uint64_t replaced = log.replaced_count.load();
    auto all = log.segments.all();
    Status status;
    for (auto segment = all.rbegin(); segment != all.rend(); ++segment) {
      if ((*segment)->next_offset() <= from) {
        all.erase(all.begin(), segment.base());
        break;
      }
    }
    for (const auto& segment : all) {
      auto is_all = segment->collect_aborted(from, before, found);
      if (!is_all.ok()) status = is_all.error();
      if (!is_all.ok() || *is_all) break;
    }
    // What went to retention meanwhile took the ends of its transactions with it.
    if (from < log.offsets.start()) return out_of_range(log, from);
    if (log.replaced_count.load() != replaced) continue;
    if (!status.ok()) return storage_error("reading a transaction index", status.error());
    return found;
  }
}

Result<CommittedSlice> read_committed(const LogParts& log, Offset from, std::size_t bytes_max,
                                      MinOneBatch min_one) {
  for (;;) {
    const std::uint64_t replaced = log.replaced_count.load();
    CommittedSlice result;
    result.last_stable_offset = log.offsets.last_stable();
    auto slice = read(log, from, {bytes_max, min_one, result.last_stable_offset, WithBound::kYes});
    if (!slice.ok()) return std::move(slice).error();
    result.slice = std::move(slice).value();
    if (result.slice.slice.size_bytes == 0) return result;
    auto aborted =
        aborted_transactions(log, from, std::min(result.slice.bound, result.last_stable_offset));
    if (!aborted.ok()) return std::move(aborted).error();
    // The index of a copy says nothing of records that were left out of it; the slice may have
    // them.
    if (log.replaced_count.load() != replaced) continue;
    result.aborted = std::move(aborted).value();
    return result;
  }
}

Result<std::optional<OffsetAtTime>> find_time_from(const LogParts& log, Offset from,
                                                   Timestamp time) {
  const auto all = log.segments.all();
  for (const auto& segment : all) {
    auto found = find_time(*segment, time, from);
    if (!found.ok() && segment->next_offset() <= log.offsets.start())
      continue;  // deleted meanwhile
    if (!found.ok() && segment->is_retired()) return find_time_from(log, from, time);  // rewritten
    if (!found.ok() && found.error().code == ErrorCode::kCorrupt) {
      LOG_WARN("a segment cannot be read, finding a time behind it",
               {{"path", segment->path(kLogSuffix)}, {"reason", found.error().message}});
      continue;
    }
    if (!found.ok()) return storage_error("looking up a time", found.error());
    if (segment != all.back() && segment->max_timestamp().timestamp >= time) {
      log.segments.keep_open(segment);
    }
    if (*found) return found;
  }
  return std::optional<OffsetAtTime>{};
}

Result<std::optional<OffsetAtTime>> find_max_timestamp(const LogParts& log) {
  const Offset start = log.offsets.start();
  Timestamp newest = kNoTimestamp;
  for (const auto& segment : log.segments.all()) {
    if (segment->next_offset() <= start) continue;
    newest = std::max(newest, segment->max_timestamp().timestamp);
  }
  // Of untimed records only, -1 is the largest timestamp, and the first record has it.
  if (start == log.offsets.end()) return std::optional<OffsetAtTime>{};
  return find_time_from(log, start, newest);
}

}  // namespace millrace::storage
