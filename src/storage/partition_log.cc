#include "storage/partition_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/guarded.h"
#include "base/log.h"
#include "storage/log/log_appender.h"
#include "storage/log/log_flusher.h"
#include "storage/log/retention.h"
#include "storage/producers/producer_snapshot.h"
#include "storage/segment/segment_format.h"
#include "storage/segment/segment_list.h"
#include "storage/storage_error.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using wire::KafkaError;
using Segments = SegmentList::Segments;

/// Bytes that are no batch stay so: CORRUPT_MESSAGE, which a consumer is told of, as when it finds
/// a bad checksum itself. With KAFKA_STORAGE_ERROR it would ask again for ever.
Error read_error(const Error& cause) {
  if (cause.code != ErrorCode::kCorrupt) return storage_error("reading", cause);
  return wire::make_error(KafkaError::kCorruptMessage, cause.message);
}

}  // namespace

struct PartitionLog::Parts {
  Parts(io::FileSystem& file_system, std::string path, LogConfig log_config, LoadedLog loaded,
        Offset recovery_point)
      : files(file_system),
        directory(std::move(path)),
        report(loaded.report),
        config(std::move(log_config)),
        active(loaded.segments.back()),
        producers(std::move(loaded.producers)),
        snapshots(std::move(loaded.snapshots)),
        is_as_closed(loaded.is_as_closed),
        segments(std::move(loaded.segments)),
        flusher(files, directory, recovery_point,
                loaded.names_changed ? LogFlusher::Names::kUnsynced : LogFlusher::Names::kSynced),
        epochs(std::move(loaded.epochs)),
        log_start(loaded.log_start_offset.value()),
        log_end(loaded.log_end_offset.value()) {}

  std::string path(std::string_view name) const { return fmt::format("{}/{}", directory, name); }

  Status start_epoch(LeaderEpoch epoch, Offset start);
  Status write_epochs();
  Status write_snapshot(Offset offset);
  Status delete_segments(std::size_t count);
  Result<std::optional<OffsetAtTime>> find_time_from(Offset from, Timestamp time) const;

  io::FileSystem& files;
  const std::string directory;
  const RecoveryReport report;

  // The writer's own.
  LogConfig config;
  std::shared_ptr<Segment> active;
  ProducerStates producers;
  std::set<Offset> snapshots;
  bool is_as_closed;  // nothing was changed since a clean stop: close() has nothing to do

  // Shared with readers and flushers.
  SegmentList segments;
  LogFlusher flusher;
  Guarded<LeaderEpochs> epochs;
  std::atomic<std::int64_t> log_start;
  std::atomic<std::int64_t> log_end;
};

PartitionLog::PartitionLog(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
PartitionLog::~PartitionLog() = default;

Result<std::unique_ptr<PartitionLog>> PartitionLog::open(io::FileSystem& files,
                                                         std::string directory,
                                                         const LogConfig& config,
                                                         const OpenOptions& options) {
  if (Status status = files.create_directories(directory); !status.ok()) {
    return std::move(status).error();
  }
  auto loaded = load_log(files, directory, config, options);
  if (!loaded.ok()) return std::move(loaded).error().with_context(directory);
  const bool epochs_changed = loaded->epochs_changed;
  // A clean stop synced everything, an unclean one at least what lies before its recovery point.
  const Offset end = loaded->log_end_offset;
  const Offset recovery_point =
      options.previous_stop == PreviousStop::kClean ? end : std::min(options.recovery_point, end);
  auto parts = std::make_unique<Parts>(files, std::move(directory), config,
                                       std::move(loaded).value(), recovery_point);
  if (epochs_changed) {
    if (Status status = parts->write_epochs(); !status.ok()) return std::move(status).error();
  }
  return std::unique_ptr<PartitionLog>(new PartitionLog(std::move(parts)));
}

const RecoveryReport& PartitionLog::recovery() const {
  return parts_->report;
}
const std::string& PartitionLog::directory() const {
  return parts_->directory;
}
const LogConfig& PartitionLog::config() const {
  return parts_->config;
}
void PartitionLog::set_config(const LogConfig& config) {
  parts_->config = config;
}

Offset PartitionLog::log_start_offset() const {
  return Offset{parts_->log_start.load()};
}
Offset PartitionLog::log_end_offset() const {
  return Offset{parts_->log_end.load()};
}
Offset PartitionLog::recovery_point() const {
  return parts_->flusher.recovery_point();
}

std::uint64_t PartitionLog::size_bytes() const {
  return parts_->segments.size_bytes();
}
std::size_t PartitionLog::segment_count() const {
  return parts_->segments.count();
}

LeaderEpoch PartitionLog::latest_leader_epoch() const {
  return parts_->epochs.with([](const LeaderEpochs& epochs) { return epochs.latest(); });
}

EpochEndOffset PartitionLog::end_offset_for_epoch(LeaderEpoch epoch) const {
  const Offset log_end = log_end_offset();
  return parts_->epochs.with(
      [&](const LeaderEpochs& epochs) { return epochs.end_offset_for(epoch, log_end); });
}

void PartitionLog::expire_producers(Timestamp now, Millis expiration) {
  parts_->producers.expire(now, expiration);
}

// --- appending -----------------------------------------------------------------------------------

Result<AppendResult> PartitionLog::append(std::span<char> batch, LeaderEpoch epoch, Timestamp now,
                                          AppendOrigin origin) {
  Parts& log = *parts_;
  if (Status status = log.flusher.check_usable(); !status.ok()) return std::move(status).error();
  const std::string_view bytes{batch.data(), batch.size()};
  auto checked = check_append(bytes, log.config, log.producers, origin, now);
  if (!checked.ok()) return std::move(checked).error();

  AppendResult result;
  result.log_start_offset = log_start_offset();
  const bool log_stamps = log.config.message_timestamp_type == wire::TimestampType::kLogAppendTime;
  if (checked->repeats) {
    result.base_offset = checked->repeats->base_offset;
    result.last_offset = checked->repeats->last_offset;
    if (log_stamps) result.log_append_time = checked->repeats->max_timestamp;
    result.duplicate = true;
    return result;
  }

  log.is_as_closed = false;
  const Offset base = log_end_offset();
  if (Status status = log.start_epoch(epoch, base); !status.ok()) {
    return storage_error("writing the leader epoch", status.error());
  }
  const wire::BatchHeader header =
      place_batch(batch, checked->header, base, epoch, log.config, now);
  const Segment::RollLimits limits{log.config.segment_bytes, log.config.segment_ms,
                                   log.config.segment_index_bytes};
  if (log.active->must_roll_before(header, limits, now)) {
    if (Status status = roll(now); !status.ok()) return std::move(status).error();
    result.rolled = true;
  }
  Status written = log.active->append(bytes, header, log.config.index_interval_bytes);
  if (!written.ok()) return storage_error("appending", written.error());
  log.producers.apply(header);
  log.log_end.store(header.next_offset().value());

  result.base_offset = base;
  result.last_offset = header.last_offset();
  if (log_stamps) result.log_append_time = now;
  return result;
}

Status PartitionLog::roll(Timestamp now) {
  Parts& log = *parts_;
  if (Status status = log.flusher.check_usable(); !status.ok()) return status;
  if (log.active->size_bytes() == 0) return {};
  log.is_as_closed = false;
  const Offset base = log_end_offset();
  if (Status status = log.write_snapshot(base); !status.ok()) {
    return storage_error("writing the producer snapshot", status.error());
  }
  const auto held = log.flusher.hold();
  if (Status status = log.active->write_indexes(); !status.ok()) {
    return storage_error("sealing a segment", status.error());
  }
  if (Status status = log.flusher.sync_before_sealing(*log.active, base); !status.ok()) {
    return status;
  }
  auto next = Segment::create(log.files, log.directory, base, now);
  if (!next.ok()) return storage_error("making a segment", next.error());
  log.active->seal();
  log.flusher.add_sealed(log.active);
  log.active = std::move(next).value();
  log.flusher.names_changed();
  log.segments.add(log.active);
  return {};
}

Status PartitionLog::Parts::start_epoch(LeaderEpoch epoch, Offset start) {
  std::optional<LeaderEpochs> before;
  epochs.with([&](LeaderEpochs& known) {
    if (!known.is_new(epoch)) return;
    before = known;
    known.assign(epoch, start);
  });
  if (!before) return {};
  Status status = write_epochs();
  if (!status.ok()) epochs.with([&](LeaderEpochs& known) { known = *before; });
  return status;
}

Status PartitionLog::Parts::write_epochs() {
  const std::string text = epochs.with([](const LeaderEpochs& known) { return known.encode(); });
  return files.replace_atomically(path(kEpochCheckpointName), text);
}

/// Writes the producers as they are before `offset`, and deletes snapshots that are of no more use:
/// all older ones but those at the start of a segment.
Status PartitionLog::Parts::write_snapshot(Offset offset) {
  if (!snapshots.contains(offset)) {
    Status status = files.replace_atomically(path(segment_file_name(offset, kSnapshotSuffix)),
                                             encode_producer_snapshot(producers));
    if (!status.ok()) return status;
    snapshots.insert(offset);
  }
  std::set<Offset> kept{offset};
  for (const auto& segment : segments.all()) kept.insert(segment->base_offset());
  for (auto old = snapshots.begin(); old != snapshots.end();) {
    if (kept.contains(*old)) {
      ++old;
      continue;
    }
    Status status = files.remove(path(segment_file_name(*old, kSnapshotSuffix)));
    if (!status.ok() && status.error().code != ErrorCode::kNotFound) return status;
    old = snapshots.erase(old);
  }
  return {};
}

// --- reading -------------------------------------------------------------------------------------

Result<LogSlice> PartitionLog::read(Offset from, std::size_t bytes_max, MinOneBatch min_one,
                                    Offset before) const {
  LogSlice result;
  result.first_batch_base = kNoOffset;
  result.log_end_offset = log_end_offset();
  result.log_start_offset = log_start_offset();
  const auto out_of_range = [&] {
    return wire::make_error(KafkaError::kOffsetOutOfRange,
                            fmt::format("offset {}, the log holds {} up to {}", from,
                                        log_start_offset(), result.log_end_offset));
  };
  if (from < result.log_start_offset || from > result.log_end_offset) return out_of_range();
  if (from == result.log_end_offset) return result;
  // Batches appended since log_end_offset was read are left out, so that the two agree.
  const Offset bound =
      before == kNoOffset ? result.log_end_offset : std::min(before, result.log_end_offset);
  for (Offset at = from;;) {
    const auto found = parts_->segments.find(at);
    auto slice = read_segment(*found.segment, from, {bytes_max, min_one, bound});
    // Retention may have deleted what holds `from` since: then the segment found is a later one, or
    // its files are gone. Records that were there are never passed over in silence.
    if (from < log_start_offset()) return out_of_range();
    if (!slice.ok()) return read_error(slice.error());
    if (!found.is_active()) parts_->segments.keep_open(found.segment);
    if (slice->slice.size_bytes > 0) {
      result.slice = std::move(slice->slice);
      result.first_batch_base = slice->first_batch_base;
    }
    if (found.is_active() || slice->first_batch_base != kNoOffset) return result;
    // Nothing in this segment at or after `from`: compaction took its end, or it was lost. The next
    // one goes on.
    at = found.next_base;
  }
}

Result<Buffer> PartitionLog::read_bytes(Offset from, std::size_t bytes_max,
                                        MinOneBatch min_one) const {
  auto found = read(from, bytes_max, min_one);
  if (!found.ok()) return std::move(found).error();
  Buffer bytes;
  const io::FileSlice& slice = found->slice;
  if (slice.size_bytes == 0) return bytes;
  bytes.resize_uninitialized(static_cast<std::size_t>(slice.size_bytes));
  auto count = slice.file->read_at(slice.position, {bytes.data(), bytes.size()});
  if (!count.ok()) return storage_error("reading", count.error());
  bytes.resize_uninitialized(*count);
  return bytes;
}

Result<std::optional<OffsetAtTime>> PartitionLog::Parts::find_time_from(Offset from,
                                                                        Timestamp time) const {
  const Segments all = segments.all();
  for (const auto& segment : all) {
    auto found = find_time(*segment, time, from);
    if (!found.ok() && segment->next_offset().value() <= log_start) continue;  // deleted meanwhile
    if (!found.ok() && found.error().code == ErrorCode::kCorrupt) {
      LOG_WARN("a segment cannot be read, finding a time behind it",
               {{"path", segment->path(kLogSuffix)}, {"reason", found.error().message}});
      continue;
    }
    if (!found.ok()) return storage_error("looking up a time", found.error());
    if (segment != all.back() && segment->max_timestamp().timestamp >= time) {
      segments.keep_open(segment);
    }
    if (*found) return found;
  }
  return std::optional<OffsetAtTime>{};
}

Result<std::optional<OffsetAtTime>> PartitionLog::offset_for_timestamp(Timestamp time) const {
  return parts_->find_time_from(log_start_offset(), time);
}

Result<std::optional<OffsetAtTime>> PartitionLog::max_timestamp() const {
  const Offset start = log_start_offset();
  Timestamp newest = kNoTimestamp;
  for (const auto& segment : parts_->segments.all()) {
    if (segment->next_offset() <= start) continue;
    newest = std::max(newest, segment->max_timestamp().timestamp);
  }
  // Of untimed records only, -1 is the largest timestamp, and the first record has it.
  if (start == log_end_offset()) return std::optional<OffsetAtTime>{};
  return parts_->find_time_from(start, newest);
}

// --- deleting ------------------------------------------------------------------------------------

Result<std::size_t> PartitionLog::apply_retention(Timestamp now) {
  Parts& log = *parts_;
  std::vector<SegmentAge> ages;
  for (const auto& segment : log.segments.all()) {
    ages.push_back({segment->next_offset(), segment->size_bytes(), segment->newest()});
  }
  RetentionPolicy policy;
  if (log.config.cleanup_policy_delete) {
    policy = {log.config.retention_bytes, log.config.retention_ms};
  }
  std::size_t count = expired_segments(ages, log_start_offset(), policy, now);
  if (count == 0) return count;
  if (count == ages.size()) {
    if (log.active->size_bytes() == 0) {
      --count;  // an empty one has nothing to delete
    } else if (Status status = roll(now); !status.ok()) {
      return std::move(status).error();
    }
  }
  if (Status status = log.delete_segments(count); !status.ok()) return std::move(status).error();
  return count;
}

/// Deletes the oldest segments, one after another: a directory that was synced in between never
/// shows a gap after a power cut.
Status PartitionLog::Parts::delete_segments(std::size_t count) {
  const Segments all = segments.all();
  CHECK(count < all.size(), "the active segment stays");
  if (count > 0) is_as_closed = false;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& oldest = all[i];
    // First: who finds a later segment than the one asked for must see that the log starts there.
    const std::int64_t start = all[i + 1]->base_offset().value();
    if (log_start.load() < start) log_start.store(start);
    segments.remove_oldest();
    flusher.forget(oldest);
    snapshots.erase(oldest->base_offset());
    if (Status status = oldest->remove_files(); !status.ok()) {
      return storage_error("deleting a segment", status.error());
    }
    if (i + 1 < count) {
      if (Status status = files.sync_directory(directory); !status.ok()) return status;
    }
    flusher.names_changed();
  }
  if (count == 0) return {};
  const Offset start{log_start.load()};
  if (!epochs.with([&](LeaderEpochs& known) { return known.truncate_from_start(start); })) {
    return {};
  }
  return write_epochs();
}

Status PartitionLog::delete_records_before(Offset offset) {
  Parts& log = *parts_;
  const Offset end = log_end_offset();
  if (offset == kNoOffset) offset = end;
  if (offset < Offset{0} || offset > end) {
    return wire::make_error(
        KafkaError::kOffsetOutOfRange,
        fmt::format("offset {}, the log holds {} up to {}", offset, log_start_offset(), end));
  }
  if (offset <= log_start_offset()) return {};
  log.log_start.store(offset.value());
  const Segments all = log.segments.all();
  std::size_t count = 0;
  while (count + 1 < all.size() && all[count + 1]->base_offset() <= offset) ++count;
  if (Status status = log.delete_segments(count); !status.ok()) return status;
  if (!log.epochs.with([&](LeaderEpochs& known) { return known.truncate_from_start(offset); })) {
    return {};
  }
  return log.write_epochs();
}

Status PartitionLog::remove() {
  parts_->flusher.stop();
  return parts_->files.remove_all(parts_->directory);
}

// --- flushing ------------------------------------------------------------------------------------

Status PartitionLog::flush() {
  const Offset target = log_end_offset();
  const auto last = parts_->segments.last();  // after `target` was taken: none before it is missed
  return parts_->flusher.flush(target, *last);
}

Status PartitionLog::flush_sealed() {
  const auto active = parts_->segments.last();
  return parts_->flusher.flush(active->base_offset(), *active);
}

Status PartitionLog::close() {
  Parts& log = *parts_;
  if (Status status = log.flusher.check_usable(); !status.ok()) return status;
  if (log.is_as_closed) return {};
  if (needs_no_snapshot_or_indexes(*log.active, log_start_offset(), log.producers)) return flush();
  if (Status status = log.write_snapshot(log_end_offset()); !status.ok()) {
    return storage_error("writing the producer snapshot", status.error());
  }
  if (Status status = log.active->write_indexes(); !status.ok()) {
    return storage_error("writing indexes", status.error());
  }
  log.flusher.names_changed();
  if (Status status = flush(); !status.ok()) return status;
  // An active segment without new records is passed over by flush, its indexes may not be.
  return log.flusher.sync_active(*log.active);
}

}  // namespace millrace::storage
