#include "storage/partition_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/guarded.h"
#include "base/log.h"
#include "storage/log_appender.h"
#include "storage/producer_snapshot.h"
#include "storage/retention.h"
#include "storage/segment_format.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using wire::KafkaError;
using Segments = std::vector<std::shared_ptr<Segment>>;

/// Sealed segments whose files stay open after a read: one a reader that goes through old records.
constexpr std::size_t kOpenSealedSegmentsMax = 4;

Error storage_error(std::string_view what, const Error& cause) {
  return wire::make_error(KafkaError::kKafkaStorageError,
                          fmt::format("{}: {}", what, cause.message));
}

std::string parent_of(const std::string& directory) {
  const std::size_t slash = directory.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : directory.substr(0, slash);
}

}  // namespace

struct PartitionLog::Parts {
  Parts(io::FileSystem& file_system, std::string path, LogConfig log_config, LoadedLog loaded)
      : files(file_system),
        directory(std::move(path)),
        report(loaded.report),
        config(std::move(log_config)),
        active(loaded.segments.back()),
        producers(std::move(loaded.producers)),
        snapshots(std::move(loaded.snapshots)),
        segments(std::move(loaded.segments)),
        epochs(std::move(loaded.epochs)),
        log_start(loaded.log_start_offset.value()),
        log_end(loaded.log_end_offset.value()) {}

  std::string path(std::string_view name) const { return fmt::format("{}/{}", directory, name); }
  Status check_usable() const;
  Error broken_by(std::string_view what, const Error& cause);

  Status sync_indexes_before(Offset next_base);
  Status start_epoch(LeaderEpoch epoch, Offset start);
  Status write_epochs();
  Status write_snapshot(Offset offset);
  Status sync_directories();
  Status sync_sealed();
  Status flush_up_to(Offset target);
  Status delete_segments(std::size_t count);
  void keep_open(const std::shared_ptr<Segment>& segment) const;
  struct FoundSegment {
    std::shared_ptr<Segment> segment;
    Offset next_base;  // kNoOffset after the active one
    bool is_active() const { return next_base == kNoOffset; }
  };
  FoundSegment segment_of(Offset from) const;
  Result<std::optional<OffsetAtTime>> find_time_from(Offset from, Timestamp time) const;

  io::FileSystem& files;
  const std::string directory;
  const RecoveryReport report;

  // The writer's own.
  LogConfig config;
  std::shared_ptr<Segment> active;
  ProducerStates producers;
  std::set<Offset> snapshots;

  // Shared with readers and flushers.
  Guarded<Segments> segments;
  Guarded<LeaderEpochs> epochs;
  Guarded<Segments> unsynced_sealed;
  mutable Guarded<Segments> open_sealed;
  std::atomic<std::int64_t> log_start;
  std::atomic<std::int64_t> log_end;
  std::atomic<std::int64_t> recovery_point{0};
  std::atomic<bool> has_unsynced_names{false};
  std::atomic<bool> is_broken{false};
  std::atomic<bool> is_removed{false};
  std::mutex flush_mutex;  // one flush at a time; the next one often finds its work done
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
  const bool names_changed = loaded->names_changed;
  auto parts =
      std::make_unique<Parts>(files, std::move(directory), config, std::move(loaded).value());
  // A clean stop synced everything, an unclean one at least what lies before its recovery point.
  parts->recovery_point = options.previous_stop == PreviousStop::kClean
                              ? parts->log_end.load()
                              : std::min(options.recovery_point.value(), parts->log_end.load());
  parts->has_unsynced_names = names_changed;
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
  return Offset{parts_->recovery_point.load()};
}

std::uint64_t PartitionLog::size_bytes() const {
  return parts_->segments.with([](const Segments& segments) {
    std::uint64_t size = 0;
    for (const auto& segment : segments) size += segment->size_bytes();
    return size;
  });
}

std::size_t PartitionLog::segment_count() const {
  return parts_->segments.with([](const Segments& segments) { return segments.size(); });
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

Status PartitionLog::Parts::check_usable() const {
  if (!is_broken && !is_removed) return {};
  return wire::make_error(
      KafkaError::kKafkaStorageError,
      fmt::format(
          "the log in {} is {}", directory,
          is_removed ? "deleted" : "out of use since a sync failed: restart to recover it"));
}

/// After a failed sync nobody knows which bytes are on disk, and a later sync would not tell. So
/// the log takes no more appends and confirms nothing.
Error PartitionLog::Parts::broken_by(std::string_view what, const Error& cause) {
  if (is_removed) return storage_error(what, cause);
  is_broken = true;
  LOG_ERROR("a log is out of use", {{"directory", directory}, {"reason", cause.message}});
  return storage_error(what, cause);
}

Result<AppendResult> PartitionLog::append(std::span<char> batch, LeaderEpoch epoch, Timestamp now,
                                          AppendOrigin origin) {
  Parts& log = *parts_;
  if (Status status = log.check_usable(); !status.ok()) return std::move(status).error();
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
  if (Status status = log.check_usable(); !status.ok()) return status;
  if (log.active->size_bytes() == 0) return {};
  const Offset base = log_end_offset();
  if (Status status = log.write_snapshot(base); !status.ok()) {
    return storage_error("writing the producer snapshot", status.error());
  }
  const std::lock_guard lock(log.flush_mutex);  // the recovery point stays where it is meanwhile
  if (Status status = log.active->write_indexes(); !status.ok()) {
    return storage_error("sealing a segment", status.error());
  }
  if (Status status = log.sync_indexes_before(base); !status.ok()) return status;
  auto next = Segment::create(log.files, log.directory, base, now);
  if (!next.ok()) return storage_error("making a segment", next.error());
  log.active->seal();
  log.unsynced_sealed.with([&](Segments& sealed) { sealed.push_back(log.active); });
  log.active = std::move(next).value();
  log.has_unsynced_names = true;
  log.segments.with([&](Segments& segments) { segments.push_back(log.active); });
  return {};
}

/// A recovery point at the very end of a segment says that it need not be scanned, so its indexes
/// must be on disk before the next segment makes it a sealed one.
Status PartitionLog::Parts::sync_indexes_before(Offset next_base) {
  if (recovery_point.load() < next_base.value()) return {};
  Status status = active->sync();
  if (status.ok()) status = files.sync_directory(directory);
  if (!status.ok()) return broken_by("syncing indexes", status.error());
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
  segments.with([&](const Segments& all) {
    for (const auto& segment : all) kept.insert(segment->base_offset());
  });
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

/// The segment that holds `from`, or would.
PartitionLog::Parts::FoundSegment PartitionLog::Parts::segment_of(Offset from) const {
  return segments.with([from](const Segments& all) {
    auto next = std::upper_bound(all.begin(), all.end(), from,
                                 [](Offset wanted, const std::shared_ptr<Segment>& segment) {
                                   return wanted < segment->base_offset();
                                 });
    if (next != all.begin()) --next;
    const auto after = next + 1;
    return FoundSegment{*next, after == all.end() ? kNoOffset : (*after)->base_offset()};
  });
}

/// Bounds how many old segments have files open.
void PartitionLog::Parts::keep_open(const std::shared_ptr<Segment>& segment) const {
  open_sealed.with([&](Segments& open) {
    const auto found = std::find(open.begin(), open.end(), segment);
    if (found != open.end()) {
      std::rotate(found, found + 1, open.end());
      return;
    }
    open.push_back(segment);
    if (open.size() <= kOpenSealedSegmentsMax) return;
    open.front()->release_files();
    open.erase(open.begin());
  });
}

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
    const auto found = parts_->segment_of(at);
    auto slice = read_segment(*found.segment, from, {bytes_max, min_one, bound});
    // Retention may have deleted what holds `from` since: then the segment found is a later one, or
    // its files are gone. Records that were there are never passed over in silence.
    if (from < log_start_offset()) return out_of_range();
    if (!slice.ok()) return storage_error("reading", slice.error());
    if (!found.is_active()) parts_->keep_open(found.segment);
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
  const Segments all = segments.with([](const Segments& current) { return current; });
  for (const auto& segment : all) {
    auto found = find_time(*segment, time, from);
    if (!found.ok() && segment->next_offset().value() <= log_start) continue;  // deleted meanwhile
    if (!found.ok()) return storage_error("looking up a time", found.error());
    if (segment != all.back() && segment->max_timestamp().timestamp >= time) keep_open(segment);
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
  parts_->segments.with([&](const Segments& segments) {
    for (const auto& segment : segments) {
      if (segment->next_offset() <= start) continue;
      newest = std::max(newest, segment->max_timestamp().timestamp);
    }
  });
  if (newest == kNoTimestamp) return std::optional<OffsetAtTime>{};
  return parts_->find_time_from(start, newest);
}

// --- deleting ------------------------------------------------------------------------------------

Result<std::size_t> PartitionLog::apply_retention(Timestamp now) {
  Parts& log = *parts_;
  std::vector<SegmentAge> ages;
  log.segments.with([&](const Segments& segments) {
    for (const auto& segment : segments) {
      ages.push_back(
          {segment->next_offset(), segment->size_bytes(), segment->max_timestamp().timestamp});
    }
  });
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
  for (std::size_t i = 0; i < count; ++i) {
    std::shared_ptr<Segment> oldest;
    segments.with([&](Segments& all) {
      CHECK(all.size() > 1, "the active segment stays");
      oldest = all.front();
      all.erase(all.begin());
      const std::int64_t start = all.front()->base_offset().value();
      if (log_start.load() < start) log_start.store(start);
    });
    open_sealed.with([&](Segments& open) { std::erase(open, oldest); });
    unsynced_sealed.with([&](Segments& sealed) { std::erase(sealed, oldest); });
    snapshots.erase(oldest->base_offset());
    if (Status status = oldest->remove_files(); !status.ok()) {
      return storage_error("deleting a segment", status.error());
    }
    if (i + 1 < count) {
      if (Status status = files.sync_directory(directory); !status.ok()) return status;
    }
    has_unsynced_names = true;
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
  std::size_t count = 0;
  log.segments.with([&](const Segments& segments) {
    while (count + 1 < segments.size() && segments[count + 1]->base_offset() <= offset) ++count;
  });
  if (Status status = log.delete_segments(count); !status.ok()) return status;
  if (!log.epochs.with([&](LeaderEpochs& known) { return known.truncate_from_start(offset); })) {
    return {};
  }
  return log.write_epochs();
}

Status PartitionLog::remove() {
  parts_->is_removed = true;
  return parts_->files.remove_all(parts_->directory);
}

// --- flushing ------------------------------------------------------------------------------------

Status PartitionLog::Parts::sync_directories() {
  if (!has_unsynced_names.exchange(false)) return {};
  Status status = files.sync_directory(directory);
  if (status.ok()) status = files.sync_directory(parent_of(directory));
  if (!status.ok()) has_unsynced_names = true;
  return status;
}

Status PartitionLog::Parts::sync_sealed() {
  for (;;) {
    std::shared_ptr<Segment> oldest;
    unsynced_sealed.with([&](Segments& sealed) {
      if (!sealed.empty()) oldest = sealed.front();
    });
    if (oldest == nullptr) return {};
    if (Status status = oldest->sync(); !status.ok()) return status;
    oldest->release_files();
    unsynced_sealed.with([&](Segments& sealed) { std::erase(sealed, oldest); });
  }
}

Status PartitionLog::Parts::flush_up_to(Offset target) {
  if (recovery_point.load() >= target.value() && !has_unsynced_names) return {};
  // Taken first: when the log rolls meanwhile, `last` is sealed and still synced here.
  const auto last = segments.with([](const Segments& all) { return all.back(); });
  if (Status status = sync_directories(); !status.ok()) return status;
  if (Status status = sync_sealed(); !status.ok()) return status;
  if (last->base_offset() < target) {
    if (Status status = last->sync(); !status.ok()) return status;
  }
  if (recovery_point.load() < target.value()) recovery_point.store(target.value());
  return {};
}

Status PartitionLog::flush() {
  const Offset target = log_end_offset();
  const std::lock_guard lock(parts_->flush_mutex);
  if (Status status = parts_->check_usable(); !status.ok()) return status;
  if (Status status = parts_->flush_up_to(target); !status.ok()) {
    return parts_->broken_by("syncing", status.error());
  }
  return {};
}

Status PartitionLog::flush_sealed() {
  const Offset target = parts_->segments.with(
      [](const Segments& segments) { return segments.back()->base_offset(); });
  const std::lock_guard lock(parts_->flush_mutex);
  if (Status status = parts_->check_usable(); !status.ok()) return status;
  if (Status status = parts_->flush_up_to(target); !status.ok()) {
    return parts_->broken_by("syncing", status.error());
  }
  return {};
}

Status PartitionLog::close() {
  Parts& log = *parts_;
  if (Status status = log.check_usable(); !status.ok()) return status;
  if (Status status = log.write_snapshot(log_end_offset()); !status.ok()) {
    return storage_error("writing the producer snapshot", status.error());
  }
  if (Status status = log.active->write_indexes(); !status.ok()) {
    return storage_error("writing indexes", status.error());
  }
  log.has_unsynced_names = true;
  if (Status status = flush(); !status.ok()) return status;
  // An active segment without new records is passed over by flush, its indexes may not be.
  if (Status status = log.active->sync(); !status.ok()) {
    return log.broken_by("syncing", status.error());
  }
  return {};
}

}  // namespace millrace::storage
