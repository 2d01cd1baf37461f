#include "storage/log/log_deletion.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/check.h"
#include "storage/log/log_parts.h"
#include "storage/log/log_writer.h"
#include "storage/log/retention.h"
#include "storage/storage_error.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

/// Deletes the oldest segments, one after another: a directory that was synced in between never
/// shows a gap after a power cut.
Status delete_segments(LogParts& log, std::size_t count) {
  // A swap that a power cut interrupts is finished by the next start: it would bring back what was
  // deleted meanwhile.
  if (log.is_swapping) count = 0;
  const auto all = log.segments.all();
  CHECK(count < all.size(), "the active segment stays");
  if (count > 0) log.is_as_closed = false;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& oldest = all[i];
    // First: who finds a later segment than the one asked for must see that the log starts there.
    log.offsets.move_start(all[i + 1]->base_offset());
    log.segments.remove_oldest();
    log.flusher.forget(oldest);
    log.snapshots.erase(oldest->base_offset());
    if (Status status = oldest->retire(log.retirement(), Segment::Snapshot::kGoes); !status.ok()) {
      return storage_error("deleting a segment", status.error());
    }
    if (i + 1 < count) {
      if (Status status = log.files.sync_directory(log.directory); !status.ok()) return status;
    }
    log.flusher.names_changed();
  }
  if (count == 0) return {};
  const Offset start = log.offsets.start();
  if (!log.epochs.with([&](LeaderEpochs& known) { return known.truncate_from_start(start); })) {
    return {};
  }
  return log.write_epochs();
}

}  // namespace

Result<std::size_t> apply_retention(LogParts& log, Timestamp now) {
  if (log.is_swapping) return std::size_t{0};
  std::vector<SegmentAge> ages;
  const auto all = log.segments.all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    // Offsets whose records are lost count to the segment before them: they go with it.
    const Offset next = i + 1 < all.size() ? all[i + 1]->base_offset() : all[i]->next_offset();
    ages.push_back({next, all[i]->size_bytes(), all[i]->newest()});
  }
  RetentionPolicy policy;
  const auto config = log.config();
  if (config->cleanup_policy_delete) {
    policy = {config->retention_bytes, config->retention_ms};
  }
  std::size_t count = expired_segments(ages, log.offsets.start(), policy, now);
  if (count == 0) return count;
  if (count == ages.size()) {
    if (log.active->size_bytes() == 0) {
      --count;  // an empty one has nothing to delete
    } else if (Status status = roll(log, now); !status.ok()) {
      return std::move(status).error();
    }
  }
  if (Status status = delete_segments(log, count); !status.ok()) return std::move(status).error();
  return count;
}

Status delete_records_before(LogParts& log, Offset offset) {
  const Offset end = log.offsets.end();
  if (offset == kNoOffset) offset = end;
  if (offset < Offset{0} || offset > end) {
    return wire::make_error(
        wire::KafkaError::kOffsetOutOfRange,
        fmt::format("offset {}, the log holds {} up to {}", offset, log.offsets.start(), end));
  }
  if (offset <= log.offsets.start()) return {};
  log.offsets.move_start(offset);
  const auto all = log.segments.all();
  std::size_t count = 0;
  while (count + 1 < all.size() && all[count + 1]->base_offset() <= offset) ++count;
  if (Status status = delete_segments(log, count); !status.ok()) return status;
  if (!log.epochs.with([&](LeaderEpochs& known) { return known.truncate_from_start(offset); })) {
    return {};
  }
  return log.write_epochs();
}

}  // namespace millrace::storage
