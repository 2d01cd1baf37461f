#include "storage/log_recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "storage/producer_refill.h"
#include "storage/producer_snapshot.h"
#include "storage/segment_format.h"
#include "storage/segment_scan.h"

namespace millrace::storage {
namespace {

constexpr std::size_t kCopyChunkSize = std::size_t{1} << 16U;

class Loader {
 public:
  Loader(io::FileSystem& files, const std::string& directory, const LogConfig& config,
         const OpenOptions& options)
      : files_(files), directory_(directory), config_(config), options_(options) {}

  Result<LoadedLog> load() {
    for (const auto step : {&Loader::list_files, &Loader::load_epochs, &Loader::load_segments,
                            &Loader::settle_offsets, &Loader::load_producers,
                            &Loader::refill_producer_windows, &Loader::settle_epochs}) {
      if (Status status = (this->*step)(); !status.ok()) return std::move(status).error();
    }
    log_.is_as_closed = is_as_closed();
    return std::move(log_);
  }

 private:
  std::string path(std::string_view name) const { return fmt::format("{}/{}", directory_, name); }
  std::string path(Offset base, std::string_view suffix) const {
    return path(segment_file_name(base, suffix));
  }
  bool is_unclean() const { return options_.previous_stop == PreviousStop::kUnclean; }

  Status list_files();
  Status remove_stray(std::string_view name);
  Status load_epochs();
  Status load_segments();
  Status load_segment(std::size_t i);
  Result<bool> load_sealed(Offset base, Offset next_base);
  Result<bool> load_active(Offset base);
  Status scan(Offset base, std::optional<Offset> next_base, bool may_be_torn);
  bool must_end_after(const ScannedSegment& scanned, std::optional<Offset> next_base) const;
  Error refuse_end(Offset base, const std::string& bad) const;
  Status cut(Offset base, io::File& file, const ScannedSegment& scanned);
  Status save_whole_batches(Offset base, const io::File& file, std::uint64_t position);
  Status drop_segments_from(std::size_t i);
  Status settle_offsets();
  Status start_anew();
  Status load_producers();
  Status replay_producers(Offset from);
  Status refill_producer_windows() { return refill_producers(log_.segments, log_.producers); }
  Status settle_epochs();
  bool is_as_closed() const;

  io::FileSystem& files_;
  const std::string& directory_;
  const LogConfig& config_;
  const OpenOptions& options_;
  LoadedLog log_;
  std::vector<Offset> bases_;
  bool ends_here_ = false;  // bad bytes were met: what follows is dropped
};

Status Loader::list_files() {
  auto entries = files_.list(directory_);
  if (!entries.ok()) return std::move(entries).error();
  std::set<Offset> logs;
  for (const auto& entry : *entries) {
    if (const auto base = offset_of_file(entry.name, kLogSuffix)) logs.insert(*base);
    if (const auto offset = offset_of_file(entry.name, kSnapshotSuffix)) {
      log_.snapshots.insert(*offset);
    }
  }
  for (const auto& entry : *entries) {
    const std::string_view name = entry.name;
    const auto index = offset_of_file(name, kOffsetIndexSuffix);
    const auto time_index = offset_of_file(name, kTimeIndexSuffix);
    const bool is_orphan =
        (index && !logs.contains(*index)) || (time_index && !logs.contains(*time_index));
    if (is_orphan || name.ends_with(".tmp") || name.ends_with(".deleted") ||
        name.ends_with(".cleaned")) {
      if (Status status = remove_stray(name); !status.ok()) return status;
    }
  }
  bases_.assign(logs.begin(), logs.end());
  return {};
}

Status Loader::remove_stray(std::string_view name) {
  log_.names_changed = true;
  LOG_DEBUG("removing a left-over file", {{"path", path(name)}});
  Status status = files_.remove(path(name));
  if (!status.ok() && status.error().code == ErrorCode::kNotFound) return {};
  return status;
}

Status Loader::load_epochs() {
  auto text = files_.read_all(path(kEpochCheckpointName));
  if (!text.ok()) {
    return text.error().code == ErrorCode::kNotFound ? Status{} : Status{std::move(text).error()};
  }
  auto epochs = LeaderEpochs::decode(*text);
  if (!epochs.ok()) {
    LOG_WARN("leader epochs are unreadable, learning them from the log",
             {{"path", path(kEpochCheckpointName)}, {"reason", epochs.error().message}});
    log_.epochs_changed = true;
    return {};
  }
  log_.epochs = std::move(epochs).value();
  return {};
}

Status Loader::load_segments() {
  for (std::size_t i = 0; i < bases_.size() && !ends_here_; ++i) {
    if (Status status = load_segment(i); !status.ok()) return status;
    if (ends_here_ && i + 1 < bases_.size()) return drop_segments_from(i + 1);
  }
  return {};
}

Status Loader::load_segment(std::size_t i) {
  const Offset base = bases_[i];
  const bool is_last = i + 1 == bases_.size();
  const bool may_be_torn = is_unclean() && (is_last || bases_[i + 1] > options_.recovery_point);
  if (!may_be_torn) {
    auto loaded = is_last ? load_active(base) : load_sealed(base, bases_[i + 1]);
    if (!loaded.ok()) return std::move(loaded).error();
    if (*loaded) return {};
    ++log_.report.indexes_rebuilt;
  }
  return scan(base, is_last ? std::nullopt : std::optional(bases_[i + 1]), may_be_torn);
}

/// False when the index files do not do, and the segment has to be scanned.
Result<bool> Loader::load_sealed(Offset base, Offset next_base) {
  auto log = files_.open(path(base, kLogSuffix), io::OpenMode::kRead);
  if (!log.ok()) return std::move(log).error();
  auto index = files_.open(path(base, kOffsetIndexSuffix), io::OpenMode::kRead);
  auto times = files_.open(path(base, kTimeIndexSuffix), io::OpenMode::kRead);
  for (const auto* file : {&index, &times}) {
    if (file->ok()) continue;
    if (file->error().code == ErrorCode::kNotFound) return false;
    return file->error();
  }
  const std::uint64_t times_size = times.value()->size();
  if (index.value()->size() % kOffsetIndexEntrySize != 0 || times_size % kTimeIndexEntrySize != 0) {
    return false;
  }
  SegmentExtent extent{log.value()->size(), next_base, {kNoTimestamp, base}};
  if (times_size > 0) {
    std::array<char, kTimeIndexEntrySize> bytes;
    auto count = times.value()->read_at(times_size - kTimeIndexEntrySize, bytes);
    if (!count.ok()) return std::move(count).error();
    auto last = TimeIndex::decode(base, {bytes.data(), *count});
    if (!last.ok() || last->size() != 1) return false;
    extent.max_timestamp = last->last();
  }
  log_.segments.push_back(Segment::sealed(files_, directory_, base, extent));
  return true;
}

/// Loads the indexes of the last segment and walks what comes after their last entry.
Result<bool> Loader::load_active(Offset base) {
  auto file = files_.open(path(base, kLogSuffix), io::OpenMode::kReadWrite);
  if (!file.ok()) return std::move(file).error();
  const std::uint64_t size = file.value()->size();
  SegmentIndexes indexes(base);
  for (const auto suffix : {kOffsetIndexSuffix, kTimeIndexSuffix}) {
    auto bytes = files_.read_all(path(base, suffix));
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
  log_.segments.push_back(Segment::active(files_, directory_, base, std::move(file).value(),
                                          std::move(indexes), extent, options_.now));
  return true;
}

/// After an unclean stop the log ends at bad bytes, and where a segment that was never synced is
/// lost while the next one is there. Compaction leaves such gaps on purpose.
bool Loader::must_end_after(const ScannedSegment& scanned, std::optional<Offset> next_base) const {
  if (!scanned.bad.empty()) return true;
  if (!next_base || config_.cleanup_policy_compact || scanned.extent.next_offset == *next_base) {
    return false;
  }
  LOG_ERROR("records are missing between two segments, ending the log there",
            {{"directory", directory_}, {"from", scanned.extent.next_offset}, {"to", *next_base}});
  return true;
}

/// The next append would go behind bytes that nobody can tell the end of.
Error Loader::refuse_end(Offset base, const std::string& bad) const {
  return Error{
      ErrorCode::kCorrupt,
      fmt::format("want whole batches after a clean stop, found in {} {}; nothing was "
                  "changed: restore the file, or remove .kafka_cleanshutdown from the data "
                  "directory to end the log there",
                  segment_file_name(base, kLogSuffix), bad)};
}

/// Ends the file where its whole batches end.
Status Loader::cut(Offset base, io::File& file, const ScannedSegment& scanned) {
  const auto bytes = static_cast<std::int64_t>(file.size() - scanned.extent.size_bytes);
  LOG_WARN("cutting off what is no whole batch",
           {{"path", path(base, kLogSuffix)}, {"bytes", bytes}, {"reason", scanned.bad}});
  Status status = save_whole_batches(base, file, scanned.extent.size_bytes);
  if (!status.ok()) return status;
  log_.report.bytes_truncated += bytes;
  if (status = file.truncate(scanned.extent.size_bytes); !status.ok()) return status;
  // Synced before anything is appended: what was cut off must not come back behind new records.
  return file.sync();
}

/// Copies the bytes from `position` on beside the file when there are whole batches among them: no
/// torn write, but a bad place before good records, which an operator may want to look at.
Status Loader::save_whole_batches(Offset base, const io::File& file, std::uint64_t position) {
  auto found = holds_whole_batch(file, position);
  if (!found.ok()) return std::move(found).error();
  if (!*found) return {};
  const std::string name = path(base, fmt::format("{}.corrupt-{}", kLogSuffix, position));
  LOG_ERROR("whole batches lie beyond bad bytes, keeping them beside the log", {{"path", name}});
  auto copy = files_.open(name, io::OpenMode::kCreateOrReadWrite);
  if (!copy.ok()) return std::move(copy).error();
  if (Status status = copy.value()->truncate(0); !status.ok()) return status;
  std::vector<char> chunk(kCopyChunkSize);
  while (position < file.size()) {
    auto count = file.read_at(position, chunk);
    if (!count.ok()) return std::move(count).error();
    if (*count == 0) break;
    if (Status status = copy.value()->append({chunk.data(), *count}); !status.ok()) return status;
    position += *count;
  }
  return copy.value()->sync();
}

/// Reads the whole segment. may_be_torn  the stop was unclean and the segment not known to be on
/// disk: it is cut where it turns bad. Without it no file is changed: a sealed segment is served as
/// far as it is whole, and an active one refused.
Status Loader::scan(Offset base, std::optional<Offset> next_base, bool may_be_torn) {
  auto file = files_.open(path(base, kLogSuffix), io::OpenMode::kReadWrite);
  if (!file.ok()) return std::move(file).error();
  ++log_.report.segments_scanned;
  log_.names_changed = true;
  auto scanned = scan_segment(
      *file.value(), base, config_.index_interval_bytes, [this](const wire::BatchHeader& header) {
        if (!log_.epochs.is_new(header.partition_leader_epoch)) return;
        log_.epochs.assign(header.partition_leader_epoch, header.base_offset);
        log_.epochs_changed = true;
      });
  if (!scanned.ok()) return std::move(scanned).error();
  if (!scanned->bad.empty()) {
    if (may_be_torn) {
      if (Status status = cut(base, *file.value(), *scanned); !status.ok()) return status;
    } else {
      LOG_ERROR("bad bytes in a file that was wholly on disk, leaving it as it is",
                {{"path", path(base, kLogSuffix)}, {"reason", scanned->bad}});
      if (!next_base) return refuse_end(base, scanned->bad);
    }
  }
  ends_here_ = may_be_torn && must_end_after(*scanned, next_base);
  auto segment = Segment::active(files_, directory_, base, std::move(file).value(),
                                 std::move(scanned->indexes), scanned->extent, options_.now);
  log_.segments.push_back(segment);
  if (!next_base || ends_here_) return {};
  if (Status status = segment->write_indexes(); !status.ok()) return status;
  segment->seal();
  if (Status status = segment->sync(); !status.ok()) return status;
  segment->release_files();
  return {};
}

Status Loader::drop_segments_from(std::size_t i) {
  for (std::size_t n = bases_.size(); n > i; --n) {
    const Offset base = bases_[n - 1];
    LOG_WARN("deleting a segment that lies after the end of the log",
             {{"path", path(base, kLogSuffix)}});
    const auto segment = Segment::sealed(files_, directory_, base, {});
    if (Status status = segment->remove_files(); !status.ok()) return status;
    log_.snapshots.erase(base);
    ++log_.report.segments_deleted;
  }
  bases_.resize(i);
  return files_.sync_directory(directory_);
}

Status Loader::settle_offsets() {
  if (!log_.segments.empty()) log_.log_end_offset = log_.segments.back()->next_offset();
  if (log_.segments.empty() || log_.log_end_offset < options_.log_start_offset) {
    if (Status status = start_anew(); !status.ok()) return status;
  }
  log_.log_start_offset = std::max(options_.log_start_offset, log_.segments.front()->base_offset());
  log_.report.ends_before_recovery_point = log_.log_end_offset < options_.recovery_point;
  return {};
}

Status Loader::start_anew() {
  log_.names_changed = true;
  if (!log_.segments.empty()) {
    LOG_WARN("the log ends before its start, deleting it all",
             {{"directory", directory_},
              {"end", log_.log_end_offset},
              {"start", options_.log_start_offset}});
    for (const auto& segment : log_.segments) {
      if (Status status = segment->remove_files(); !status.ok()) return status;
    }
    log_.segments.clear();
  }
  auto segment = Segment::create(files_, directory_, options_.log_start_offset, options_.now);
  if (!segment.ok()) return std::move(segment).error();
  log_.segments.push_back(std::move(segment).value());
  log_.log_end_offset = options_.log_start_offset;
  return {};
}

Status Loader::load_producers() {
  // Snapshots taken after the end speak of records that are gone.
  while (!log_.snapshots.empty() && *log_.snapshots.rbegin() > log_.log_end_offset) {
    const Offset offset = *log_.snapshots.rbegin();
    log_.snapshots.erase(offset);
    if (Status status = remove_stray(segment_file_name(offset, kSnapshotSuffix)); !status.ok()) {
      return status;
    }
  }
  while (!log_.snapshots.empty() && *log_.snapshots.rbegin() >= log_.log_start_offset) {
    const Offset offset = *log_.snapshots.rbegin();
    auto bytes = files_.read_all(path(offset, kSnapshotSuffix));
    if (!bytes.ok()) return std::move(bytes).error();
    auto states = decode_producer_snapshot(*bytes);
    if (states.ok()) {
      log_.producers = std::move(states).value();
      return replay_producers(offset);
    }
    LOG_WARN("a producer snapshot is of no use, taking an older one",
             {{"path", path(offset, kSnapshotSuffix)}, {"reason", states.error().message}});
    log_.snapshots.erase(offset);
    if (Status status = remove_stray(segment_file_name(offset, kSnapshotSuffix)); !status.ok()) {
      return status;
    }
  }
  return replay_producers(log_.log_start_offset);
}

Status Loader::replay_producers(Offset from) {
  for (const auto& segment : log_.segments) {
    if (segment->next_offset() <= from) continue;
    auto start = segment->start_for(from);
    if (!start.ok()) return std::move(start).error();
    BatchScanner scanner(*start->file, start->position, start->end);
    for (;;) {
      auto place = scanner.next();
      if (!place.ok()) return std::move(place).error();
      if (!*place) break;
      if ((*place)->header.base_offset >= from) log_.producers.apply((*place)->header);
    }
    segment->release_files();
  }
  return {};
}

Status Loader::settle_epochs() {
  if (log_.epochs.truncate_from_end(log_.log_end_offset)) log_.epochs_changed = true;
  if (log_.epochs.truncate_from_start(log_.log_start_offset)) log_.epochs_changed = true;
  return {};
}

/// Whether neither indexes nor snapshot were missing, and nothing was mended on the way.
bool Loader::is_as_closed() const {
  return !is_unclean() && log_.report.segments_scanned == 0 && !log_.names_changed &&
         !log_.epochs_changed &&
         (log_.snapshots.contains(log_.log_end_offset) ||
          needs_no_snapshot_or_indexes(*log_.segments.back(), log_.log_start_offset,
                                       log_.producers));
}

}  // namespace

Result<LoadedLog> load_log(io::FileSystem& files, const std::string& directory,
                           const LogConfig& config, const OpenOptions& options) {
  return Loader(files, directory, config, options).load();
}

}  // namespace millrace::storage
