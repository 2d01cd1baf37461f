#include "storage/segment/segment_loader.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/log.h"
#include "storage/segment/bad_tail.h"
#include "storage/segment/indexed_segment.h"
#include "storage/segment/segment_format.h"
#include "storage/segment/segment_loading.h"
#include "storage/segment/segment_scan.h"

namespace millrace::storage {
namespace {

class SegmentLoader {
 public:
  SegmentLoader(const SegmentLoading& loading, std::vector<Offset> bases)
      : loading_(loading), bases_(std::move(bases)) {}

  Status load();

 private:
  Status stand_in_for_first();
  Status load_all();
  Status reach_recovery_point();
  Status load_segment(std::size_t i);
  /// Whether a segment's end may be what a power cut left of it.
  enum class Tail : std::uint8_t { kOnDisk, kMayBeTorn };
  Status scan(Offset base, std::optional<Offset> next_base, Tail tail);
  bool must_end_after(const ScannedSegment& scanned, std::optional<Offset> next_base) const;
  Result<Offset> end_behind(Offset base, const ScannedSegment& scanned) const;
  Status start_segment(Offset base);
  Status drop_segments_from(std::size_t i);

  const SegmentLoading loading_;
  const OpenOptions& options_ = loading_.options;
  LoadedLog& loaded_ = loading_.loaded;
  std::vector<Offset> bases_;
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
  if (loading_.is_unclean() || !options_.knows_log_start || bases_.empty() ||
      bases_.front() <= start) {
    return {};
  }
  if (options_.bad_end == BadEnd::kRefuse) return loading_.complain_of_gap(start, bases_.front());
  if (loading_.may_have_gaps()) {
    LOG_ERROR(
        "the beginning of a compacted log is gone: stop the broker and restore the log's files to "
        "have its records back",
        {{"directory", loading_.directory}, {"from", start}, {"to", bases_.front()}});
  }
  auto file =
      loading_.files.open(loading_.path(start, kLogSuffix), io::OpenMode::kCreateOrReadWrite);
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
  if (loading_.is_unclean() && options_.bad_end == BadEnd::kRefuse) return {};
  const Offset end = loaded_.segments.empty() ? start : loaded_.segments.back()->next_offset();
  if (end >= wanted) return {};
  // A clean stop leaves a snapshot at the end of the log: the checkpoint's own bytes may be bad.
  if (!loading_.is_unclean() && !loaded_.snapshots.empty() && *loaded_.snapshots.rbegin() == end) {
    LOG_WARN("a checkpoint says more than there was, the log was closed where it ends",
             {{"directory", loading_.directory}, {"checkpoint", wanted}, {"end", end}});
    return {};
  }
  if (Status status = loading_.complain_of_gap(end, wanted); !status.ok()) return status;
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
  const bool is_unsure =
      loading_.is_unclean() && (is_last || bases_[i + 1] > options_.recovery_point);
  const Tail tail = is_unsure ? Tail::kMayBeTorn : Tail::kOnDisk;
  if (tail == Tail::kOnDisk) {
    auto loaded = is_last ? load_active_segment(loading_, base)
                          : load_sealed_segment(loading_, base, bases_[i + 1]);
    if (!loaded.ok()) return std::move(loaded).error();
    if (*loaded) return {};
    ++loaded_.report.indexes_rebuilt;
  }
  return scan(base, is_last ? std::nullopt : std::optional(bases_[i + 1]), tail);
}

/// After an unclean stop the log ends at bad bytes, and where a segment that was never synced is
/// lost while the next one is there. Compaction leaves such gaps on purpose.
bool SegmentLoader::must_end_after(const ScannedSegment& scanned,
                                   std::optional<Offset> next_base) const {
  if (!scanned.bad.empty()) return true;
  if (!next_base || loading_.may_have_gaps() || scanned.extent.next_offset == *next_base) {
    return false;
  }
  LOG_ERROR("records are missing between two segments, ending the log there",
            {{"directory", loading_.directory},
             {"from", scanned.extent.next_offset},
             {"to", *next_base}});
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
      {{"path", loading_.path(base, kLogSuffix)},
       {"unreadable_from", scanned.extent.next_offset},
       {"end", end}});
  return end;
}

Status SegmentLoader::start_segment(Offset base) {
  auto segment = Segment::create(loading_.files, loading_.directory, base, options_.now);
  if (!segment.ok()) return std::move(segment).error();
  loaded_.segments.push_back(std::move(segment).value());
  return {};
}

/// Reads the segment. One that may be torn is cut where it turns bad; what was wholly on disk is
/// left and served as it lies, for the reader to find what is bad.
Status SegmentLoader::scan(Offset base, std::optional<Offset> next_base, Tail tail) {
  auto file = loading_.files.open(loading_.path(base, kLogSuffix), io::OpenMode::kReadWrite);
  if (!file.ok()) return std::move(file).error();
  ++loaded_.report.segments_scanned;
  loaded_.names_changed = true;
  // Of a file that was wholly on disk it is the indexes that do not do: nothing in it is believed.
  const Offset known_end = tail == Tail::kMayBeTorn ? options_.recovery_point : base;
  auto scanned = scan_segment(*file.value(), base, known_end, loading_.config.index_interval_bytes);
  if (!scanned.ok()) return std::move(scanned).error();
  for (const EpochStart& start : scanned->epochs.starts()) {
    if (!loaded_.epochs.is_new(start.epoch)) continue;
    loaded_.epochs.assign(start.epoch, start.start_offset);
    loaded_.epochs_changed = true;
  }
  const bool is_last = !next_base;
  if (!scanned->bad.empty()) {
    if (tail == Tail::kMayBeTorn) {
      if (Status status = cut_bad_tail(loading_, base, *file.value(), *scanned); !status.ok())
        return status;
    } else {
      LOG_ERROR("bad bytes in a file that was wholly on disk, leaving it as it is",
                {{"path", loading_.path(base, kLogSuffix)}, {"reason", scanned->bad}});
      if (is_last) {
        auto end = end_behind(base, *scanned);
        if (!end.ok()) return std::move(end).error();
        next_base = *end;
      }
      scanned->extent.size_bytes = file.value()->size();
      scanned->extent.next_offset = *next_base;
    }
  } else if (next_base && scanned->extent.next_offset < *next_base) {
    if (loading_.may_have_gaps()) {
      scanned->extent.next_offset = *next_base;
    } else if (tail == Tail::kOnDisk && *next_base > options_.log_start_offset) {
      Status status = loading_.complain_of_gap(scanned->extent.next_offset, *next_base);
      if (!status.ok()) return status;
    }
  }
  ends_here_ = tail == Tail::kMayBeTorn && must_end_after(*scanned, next_base);
  // What can be read to its end tells by itself which transactions were aborted.
  auto aborted = std::optional(TransactionIndex());
  if (tail == Tail::kOnDisk && !scanned->bad.empty()) {
    auto loaded = loading_.load_aborted(base, scanned->extent.next_offset);
    if (!loaded.ok()) return std::move(loaded).error();
    aborted = std::move(loaded).value();
  } else if (scanned->has_markers || loading_.aborted_file(base) == Aborted::kInFile) {
    aborted.reset();
  }
  if (aborted) scanned->indexes.transactions = std::move(*aborted);
  auto segment = Segment::active(loading_.files, loading_.directory, base, std::move(file).value(),
                                 std::move(scanned->indexes), scanned->extent, options_.now,
                                 loading_.aborted_file(base));
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
             {{"path", loading_.path(base, kLogSuffix)}});
    if (Status status = put_segment_aside(loading_, base); !status.ok()) return status;
    const auto segment = Segment::sealed(loading_.files, loading_.directory, base, {});
    if (Status status = segment->retire({}, Segment::Snapshot::kGoes); !status.ok()) return status;
    loaded_.snapshots.erase(base);
    ++loaded_.report.segments_deleted;
  }
  bases_.resize(i);
  return loading_.files.sync_directory(loading_.directory);
}

}  // namespace

Status load_segments(io::FileSystem& files, const std::string& directory, const LogConfig& config,
                     const OpenOptions& options, std::vector<Offset> bases, LoadedLog& loaded) {
  return SegmentLoader({files, directory, config, options, loaded}, std::move(bases)).load();
}

}  // namespace millrace::storage
