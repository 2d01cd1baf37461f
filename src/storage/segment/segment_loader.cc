#include "storage/segment/segment_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/byte_order.h"
#include "base/log.h"
#include "base/probe.h"
#include "storage/segment/segment_format.h"
#include "storage/segment/segment_scan.h"

namespace millrace::storage {
namespace {

constexpr std::size_t kCopyChunkSize = std::size_t{1} << 16U;

/// Lets `copy` hold what `file` does from `position` on, and be on disk.
Status copy_from(const io::File& file, std::uint64_t position, io::File& copy) {
  if (Status status = copy.truncate(0); !status.ok()) return status;
  std::vector<char> chunk(kCopyChunkSize);
  while (position < file.size()) {
    auto count = file.read_at(position, chunk);
    if (!count.ok()) return std::move(count).error();
    if (*count == 0) break;
    if (Status status = copy.append({chunk.data(), *count}); !status.ok()) return status;
    position += *count;
  }
  return copy.sync();
}

class SegmentLoader {
 public:
  SegmentLoader(io::FileSystem& files, const std::string& directory, const LogConfig& config,
                const OpenOptions& options, std::vector<Offset> bases, LoadedLog& loaded)
      : files_(files),
        directory_(directory),
        config_(config),
        options_(options),
        bases_(std::move(bases)),
        loaded_(loaded) {}

  Status load();

 private:
  std::string path(Offset base, std::string_view suffix) const {
    return fmt::format("{}/{}", directory_, segment_file_name(base, suffix));
  }
  bool is_unclean() const { return options_.previous_stop == PreviousStop::kUnclean; }
  bool may_have_gaps() const { return config_.cleanup_policy_compact || options_.was_compacted; }

  Status stand_in_for_first();
  Status load_all();
  Status reach_recovery_point();
  Status complain_of_gap(Offset from, Offset to) const;
  Result<Offset> end_of_sealed(const io::File& log, const io::File& index, Offset base,
                               Offset next_base) const;
  Status load_segment(std::size_t i);
  Result<bool> load_sealed(Offset base, Offset next_base);
  Result<bool> load_active(Offset base);
  Aborted aborted_file(Offset base) const {
    return loaded_.transaction_indexes.contains(base) ? Aborted::kInFile : Aborted::kNone;
  }
  Result<std::optional<TransactionIndex>> load_aborted(Offset base, Offset end) const;
  /// Whether a segment's end may be what a power cut left of it.
  enum class Tail : std::uint8_t { kOnDisk, kMayBeTorn };
  Status scan(Offset base, std::optional<Offset> next_base, Tail tail);
  bool must_end_after(const ScannedSegment& scanned, std::optional<Offset> next_base) const;
  Result<Offset> end_behind(Offset base, const ScannedSegment& scanned) const;
  Status start_segment(Offset base);
  Status cut(Offset base, io::File& file, const ScannedSegment& scanned);
  Status save_whole_batches(Offset base, const io::File& file, std::uint64_t position);
  Status put_aside(Offset base);
  Status drop_segments_from(std::size_t i);

  io::FileSystem& files_;
  const std::string& directory_;
  const LogConfig& config_;
  const OpenOptions& options_;
  std::vector<Offset> bases_;
  LoadedLog& loaded_;
  bool ends_here_ = false;  // bad bytes were met: what follows is dropped
};

Status SegmentLoader::load() {
  for (const auto step : {&SegmentLoader::stand_in_for_first, &SegmentLoader::load_all,
                          &SegmentLoader::reach_recovery_point}) {
    if (Status status = (this->*step)(); !status.ok()) return status;
  }
  return {};
}

/// Puts an empty file in the place of a first segment that is gone, so that its offsets are known
/// to be missing. After an unclean stop retention may have taken it. What compaction leaves keeps
/// the log's start: there it is missed, too.
Status SegmentLoader::stand_in_for_first() {
  const Offset start = options_.log_start_offset;
  if (is_unclean() || !options_.knows_log_start || bases_.empty() || bases_.front() <= start) {
    return {};
  }
  if (options_.bad_end == BadEnd::kRefuse) return complain_of_gap(start, bases_.front());
  if (may_have_gaps()) {
    LOG_ERROR(
        "the beginning of a compacted log is gone: stop the broker and restore the log's files to "
        "have its records back",
        {{"directory", directory_}, {"from", start}, {"to", bases_.front()}});
  }
  auto file = files_.open(path(start, kLogSuffix), io::OpenMode::kCreateOrReadWrite);
  if (!file.ok()) return std::move(file).error();
  bases_.insert(bases_.begin(), start);
  loaded_.names_changed = true;
  return {};
}

/// What was on disk and is gone leaves its offsets: they are passed over, and not given out again.
Status SegmentLoader::reach_recovery_point() {
  const Offset wanted = options_.recovery_point;
  const Offset start = options_.log_start_offset;
  if (wanted <= start) return {};
  // It was told to end there: that is how an operator gets past a refusal.
  if (is_unclean() && options_.bad_end == BadEnd::kRefuse) return {};
  const Offset end = loaded_.segments.empty() ? start : loaded_.segments.back()->next_offset();
  if (end >= wanted) return {};
  // A clean stop leaves a snapshot at the end of the log: the checkpoint's own bytes may be bad.
  if (!is_unclean() && !loaded_.snapshots.empty() && *loaded_.snapshots.rbegin() == end) {
    LOG_WARN("a checkpoint says more than there was, the log was closed where it ends",
             {{"directory", directory_}, {"checkpoint", wanted}, {"end", end}});
    return {};
  }
  if (Status status = complain_of_gap(end, wanted); !status.ok()) return status;
  loaded_.report.ends_before_recovery_point = true;
  loaded_.names_changed = true;
  if (loaded_.segments.empty()) {
    if (Status status = start_segment(start); !status.ok()) return status;
  }
  Segment& last = *loaded_.segments.back();
  if (Status status = last.write_indexes(); !status.ok()) return status;
  last.seal();
  if (Status status = last.sync(); !status.ok()) return status;
  last.release_files();
  return start_segment(wanted);
}

/// errors  kCorrupt: the log was stopped cleanly, and is to be refused
Status SegmentLoader::complain_of_gap(Offset from, Offset to) const {
  if (options_.bad_end == BadEnd::kRefuse && !is_unclean()) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("wanted the records from {} up to {}, which were there at a clean "
                             "stop, found none: restore the log's files, or remove "
                             ".kafka_cleanshutdown from the data directory to go on without them",
                             from, to)};
  }
  LOG_ERROR(
      "records that were on disk are gone, their readers get CORRUPT_MESSAGE: stop the broker and "
      "restore the log's files to have them back",
      {{"directory", directory_}, {"from", from}, {"to", to}});
  return {};
}

Status SegmentLoader::load_all() {
  for (std::size_t i = 0; i < bases_.size() && !ends_here_; ++i) {
    if (Status status = load_segment(i); !status.ok()) return status;
    if (ends_here_ && i + 1 < bases_.size()) return drop_segments_from(i + 1);
  }
  return {};
}

Status SegmentLoader::load_segment(std::size_t i) {
  const Offset base = bases_[i];
  const bool is_last = i + 1 == bases_.size();
  const bool is_unsure = is_unclean() && (is_last || bases_[i + 1] > options_.recovery_point);
  const Tail tail = is_unsure ? Tail::kMayBeTorn : Tail::kOnDisk;
  if (tail == Tail::kOnDisk) {
    auto loaded = is_last ? load_active(base) : load_sealed(base, bases_[i + 1]);
    if (!loaded.ok()) return std::move(loaded).error();
    if (*loaded) return {};
    ++loaded_.report.indexes_rebuilt;
  }
  return scan(base, is_last ? std::nullopt : std::optional(bases_[i + 1]), tail);
}

/// False when the index files do not do, and the segment has to be scanned.
Result<bool> SegmentLoader::load_sealed(Offset base, Offset next_base) {
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
  auto end = end_of_sealed(*log.value(), *index.value(), base, next_base);
  if (!end.ok()) return std::move(end).error();
  if (*end < next_base && next_base > options_.log_start_offset) {
    if (Status status = complain_of_gap(*end, next_base); !status.ok()) return status.error();
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
  auto aborted = load_aborted(base, next_base);
  if (!aborted.ok()) return std::move(aborted).error();
  loaded_.segments.push_back(Segment::sealed(files_, directory_, base, extent, aborted_file(base)));
  if (!*aborted) loaded_.unindexed.insert(loaded_.segments.back());
  return true;
}

/// Where the last batch of a sealed segment ends; `next_base` where that is as it should be, or
/// nobody can tell. A file that is shorter than its index says has lost batches, in whatever topic;
/// else compaction may have taken the last ones.
/// errors  kIo
/// cost    a read of the index and one of the segment's end; all headers where something is wrong
Result<Offset> SegmentLoader::end_of_sealed(const io::File& log, const io::File& index, Offset base,
                                            Offset next_base) const {
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
  if (may_have_gaps() && !is_short) return next_base;
  for (const std::uint64_t from : {last_known, std::uint64_t{0}}) {
    Offset end = base;
    for (BatchScanner scanner(log, std::min(from, log.size()), log.size());;) {
      auto place = scanner.next();
      if (!place.ok() && place.error().code != ErrorCode::kCorrupt) return std::move(place).error();
      if (!place.ok()) break;
      if (!*place) {
        // Of an index with a wrong bit only one of the two is beyond the file.
        if (may_have_gaps() && last_indexed < end) return next_base;
        if (from == 0 || end == next_base) return std::min(end, next_base);
        break;
      }
      end = (*place)->header.next_offset();
    }
  }
  LOG_ERROR("a segment that was wholly on disk has bad bytes, leaving it as it is",
            {{"path", path(base, kLogSuffix)}});
  return next_base;
}

/// A segment's aborted transactions; nothing when its file makes no sense, or is gone.
/// errors  kIo
Result<std::optional<TransactionIndex>> SegmentLoader::load_aborted(Offset base, Offset end) const {
  if (!loaded_.transaction_indexes.contains(base)) {
    if (!loaded_.transaction_sums.contains(base)) return std::optional(TransactionIndex());
    LOG_DEBUG("making a transaction index anew", {{"path", path(base, kTransactionIndexSuffix)}});
    return std::optional<TransactionIndex>();
  }
  auto bytes = files_.read_all(path(base, kTransactionIndexSuffix));
  if (!bytes.ok()) return std::move(bytes).error();
  auto index = TransactionIndex::decode(base, end, *bytes);
  if (index.ok()) return std::optional(std::move(index).value());
  LOG_WARN("a transaction index is of no use, making it anew",
           {{"path", path(base, kTransactionIndexSuffix)}, {"reason", index.error().message}});
  return std::optional<TransactionIndex>();
}

/// Loads the indexes of the last segment and walks what comes after their last entry.
Result<bool> SegmentLoader::load_active(Offset base) {
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
  auto aborted = load_aborted(base, extent.next_offset);
  if (!aborted.ok()) return std::move(aborted).error();
  if (*aborted) indexes.transactions = std::move(**aborted);
  loaded_.segments.push_back(Segment::active(files_, directory_, base, std::move(file).value(),
                                             std::move(indexes), extent, options_.now,
                                             aborted_file(base)));
  if (!*aborted) loaded_.unindexed.insert(loaded_.segments.back());
  return true;
}

/// After an unclean stop the log ends at bad bytes, and where a segment that was never synced is
/// lost while the next one is there. Compaction leaves such gaps on purpose.
bool SegmentLoader::must_end_after(const ScannedSegment& scanned,
                                   std::optional<Offset> next_base) const {
  if (!scanned.bad.empty()) return true;
  if (!next_base || may_have_gaps() || scanned.extent.next_offset == *next_base) {
    return false;
  }
  LOG_ERROR("records are missing between two segments, ending the log there",
            {{"directory", directory_}, {"from", scanned.extent.next_offset}, {"to", *next_base}});
  return true;
}

/// Where the log went on behind a last segment with bad bytes, when that is known.
Result<Offset> SegmentLoader::end_behind(Offset base, const ScannedSegment& scanned) const {
  const Offset end = options_.recovery_point;
  if (options_.bad_end == BadEnd::kRefuse || end <= base || end < scanned.extent.next_offset) {
    return Error{
        ErrorCode::kCorrupt,
        fmt::format("wanted whole batches after a clean stop, found in {} {}; nothing was "
                    "changed: restore the file, or remove .kafka_cleanshutdown from the data "
                    "directory to end the log there",
                    segment_file_name(base, kLogSuffix), scanned.bad)};
  }
  LOG_ERROR(
      "a log cannot be read to its end, going on behind it: stop the broker and restore the file "
      "to have its records back",
      {{"path", path(base, kLogSuffix)},
       {"unreadable_from", scanned.extent.next_offset},
       {"end", end}});
  return end;
}

Status SegmentLoader::start_segment(Offset base) {
  auto segment = Segment::create(files_, directory_, base, options_.now);
  if (!segment.ok()) return std::move(segment).error();
  loaded_.segments.push_back(std::move(segment).value());
  return {};
}

/// Ends the file where its whole batches end.
Status SegmentLoader::cut(Offset base, io::File& file, const ScannedSegment& scanned) {
  const auto bytes = static_cast<std::int64_t>(file.size() - scanned.extent.size_bytes);
  PROBE("storage: recovery cut off a torn end");
  LOG_WARN("cutting off what is no whole batch",
           {{"path", path(base, kLogSuffix)}, {"bytes", bytes}, {"reason", scanned.bad}});
  Status status = save_whole_batches(base, file, scanned.extent.size_bytes);
  if (!status.ok()) return status;
  loaded_.report.bytes_truncated += bytes;
  if (status = file.truncate(scanned.extent.size_bytes); !status.ok()) return status;
  // Synced before anything is appended: what was cut off must not come back behind new records.
  return file.sync();
}

/// Copies the bytes from `position` on beside the file when there are whole batches among them: no
/// torn write, but a bad place before good records, which an operator may want to look at.
Status SegmentLoader::save_whole_batches(Offset base, const io::File& file,
                                         std::uint64_t position) {
  auto found = holds_whole_batch(file, position);
  if (!found.ok()) return std::move(found).error();
  if (!*found) return {};
  const std::string name = path(base, fmt::format("{}.corrupt-{}", kLogSuffix, position));
  LOG_ERROR("whole batches lie beyond bad bytes, keeping them beside the log", {{"path", name}});
  auto copy = files_.open(name, io::OpenMode::kCreateOrReadWrite);
  if (!copy.ok()) return std::move(copy).error();
  Status status = copy_from(file, position, *copy.value());
  // A part of it would take what room there is on a full disk, and be made anew anyway.
  if (!status.ok()) (void)files_.remove(name);
  return status;
}

/// The same for a whole segment.
Status SegmentLoader::put_aside(Offset base) {
  const auto file = files_.open(path(base, kLogSuffix), io::OpenMode::kRead);
  if (!file.ok()) return file.error();
  auto found = holds_whole_batch(*file.value(), 0);
  if (!found.ok()) return std::move(found).error();
  if (!*found) return {};
  const std::string name = path(base, fmt::format("{}.corrupt-0", kLogSuffix));
  LOG_ERROR("a segment lies beyond the end of the log, keeping it beside the log",
            {{"path", name}});
  return files_.rename(path(base, kLogSuffix), name);
}

/// Reads the whole segment. One that may be torn is cut where it turns bad; one that was wholly on
/// disk is left and served as it lies, for the reader to find what is bad.
Status SegmentLoader::scan(Offset base, std::optional<Offset> next_base, Tail tail) {
  auto file = files_.open(path(base, kLogSuffix), io::OpenMode::kReadWrite);
  if (!file.ok()) return std::move(file).error();
  ++loaded_.report.segments_scanned;
  loaded_.names_changed = true;
  auto scanned = scan_segment(
      *file.value(), base, config_.index_interval_bytes, [this](const wire::BatchHeader& header) {
        if (!loaded_.epochs.is_new(header.partition_leader_epoch)) return;
        loaded_.epochs.assign(header.partition_leader_epoch, header.base_offset);
        loaded_.epochs_changed = true;
      });
  if (!scanned.ok()) return std::move(scanned).error();
  const bool is_last = !next_base;
  if (!scanned->bad.empty()) {
    if (tail == Tail::kMayBeTorn) {
      if (Status status = cut(base, *file.value(), *scanned); !status.ok()) return status;
    } else {
      LOG_ERROR("bad bytes in a file that was wholly on disk, leaving it as it is",
                {{"path", path(base, kLogSuffix)}, {"reason", scanned->bad}});
      if (is_last) {
        auto end = end_behind(base, *scanned);
        if (!end.ok()) return std::move(end).error();
        next_base = *end;
      }
      scanned->extent.size_bytes = file.value()->size();
      scanned->extent.next_offset = *next_base;
    }
  } else if (next_base && scanned->extent.next_offset < *next_base) {
    if (may_have_gaps()) {
      scanned->extent.next_offset = *next_base;
    } else if (tail == Tail::kOnDisk && *next_base > options_.log_start_offset) {
      Status status = complain_of_gap(scanned->extent.next_offset, *next_base);
      if (!status.ok()) return status;
    }
  }
  ends_here_ = tail == Tail::kMayBeTorn && must_end_after(*scanned, next_base);
  // What can be read to its end tells by itself which transactions were aborted.
  auto aborted = std::optional(TransactionIndex());
  if (tail == Tail::kOnDisk && !scanned->bad.empty()) {
    auto loaded = load_aborted(base, scanned->extent.next_offset);
    if (!loaded.ok()) return std::move(loaded).error();
    aborted = std::move(loaded).value();
  } else if (scanned->has_markers || aborted_file(base) == Aborted::kInFile) {
    aborted.reset();
  }
  if (aborted) scanned->indexes.transactions = std::move(*aborted);
  auto segment = Segment::active(files_, directory_, base, std::move(file).value(),
                                 std::move(scanned->indexes), scanned->extent, options_.now,
                                 aborted_file(base));
  loaded_.segments.push_back(segment);
  if (!aborted) {
    segment->forget_aborted();
    loaded_.unindexed.insert(segment);
  }
  if (!next_base || ends_here_) return {};
  if (Status status = segment->write_indexes(); !status.ok()) return status;
  segment->seal();
  if (Status status = segment->sync(); !status.ok()) return status;
  segment->release_files();
  return is_last ? start_segment(*next_base) : Status{};
}

Status SegmentLoader::drop_segments_from(std::size_t i) {
  for (std::size_t n = bases_.size(); n > i; --n) {
    const Offset base = bases_[n - 1];
    LOG_WARN("taking out a segment that lies after the end of the log",
             {{"path", path(base, kLogSuffix)}});
    if (Status status = put_aside(base); !status.ok()) return status;
    const auto segment = Segment::sealed(files_, directory_, base, {});
    if (Status status = segment->retire({}, Segment::Snapshot::kGoes); !status.ok()) return status;
    loaded_.snapshots.erase(base);
    ++loaded_.report.segments_deleted;
  }
  bases_.resize(i);
  return files_.sync_directory(directory_);
}

}  // namespace

Status load_segments(io::FileSystem& files, const std::string& directory, const LogConfig& config,
                     const OpenOptions& options, std::vector<Offset> bases, LoadedLog& loaded) {
  return SegmentLoader(files, directory, config, options, std::move(bases), loaded).load();
}

}  // namespace millrace::storage
