#include "storage/segment/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/saturating.h"
#include "storage/directory/deleted_names.h"
#include "storage/segment/segment_format.h"

namespace millrace::storage {
namespace {

constexpr std::uint64_t kRemadeIndexInterval = 4096;  // bytes, as index.interval.bytes by default

/// The file at `path`, if `bytes` are all that is in it. To write them again would take room that a
/// full disk may not have a second time.
/// errors  kIo
Result<std::shared_ptr<io::File>> holds_already(io::FileSystem& files, const std::string& path,
                                                std::string_view bytes) {
  auto found = files.read_all(path);
  if (!found.ok() && found.error().code != ErrorCode::kNotFound) return std::move(found).error();
  if (!found.ok() || *found != bytes) return std::shared_ptr<io::File>();
  auto file = files.open(path, io::OpenMode::kReadWrite);
  if (!file.ok()) return std::move(file).error();
  return std::shared_ptr<io::File>(std::move(file).value());
}

/// The file holds `bytes`, and is yet to be synced.
Result<std::shared_ptr<io::File>> write_whole(io::FileSystem& files, const std::string& path,
                                              std::string_view bytes) {
  auto held = holds_already(files, path, bytes);
  if (!held.ok() || *held != nullptr) return held;
  auto file = files.open(path, io::OpenMode::kCreateOrReadWrite);
  if (!file.ok()) return std::move(file).error();
  if (Status status = file.value()->truncate(0); !status.ok()) return std::move(status).error();
  if (Status status = file.value()->append(bytes); !status.ok()) return std::move(status).error();
  return std::shared_ptr<io::File>(std::move(file).value());
}

/// A sealed segment's index, or an empty one when the file is of no use: slower, never wrong.
template <class Index, class Decode>
Result<Index> load_index(io::FileSystem& files, const std::string& path, Offset base,
                         Decode&& decode) {
  auto bytes = files.read_all(path);
  if (!bytes.ok() && bytes.error().code != ErrorCode::kNotFound) return std::move(bytes).error();
  auto index = bytes.ok() ? decode(*bytes) : Result<Index>(std::move(bytes).error());
  if (index.ok()) return index;
  LOG_WARN("index is of no use, reading without it",
           {{"path", path}, {"reason", index.error().message}});
  return Index(base);
}

}  // namespace

Result<std::shared_ptr<Segment>> Segment::create(io::FileSystem& files,
                                                 const std::string& directory, Offset base,
                                                 Timestamp now) {
  auto file = files.open(directory + '/' + segment_file_name(base, kLogSuffix),
                         io::OpenMode::kCreateOrReadWrite);
  if (!file.ok()) return std::move(file).error();
  if (file.value()->size() > 0) {
    if (Status status = file.value()->truncate(0); !status.ok()) return std::move(status).error();
  }
  return active(files, directory, base, std::move(file).value(), SegmentIndexes(base),
                {0, base, {kNoTimestamp, base}}, now);
}

std::shared_ptr<Segment> Segment::active(io::FileSystem& files, const std::string& directory,
                                         Offset base, std::unique_ptr<io::File> file,
                                         SegmentIndexes indexes, const SegmentExtent& extent,
                                         Timestamp now, Aborted aborted) {
  std::shared_ptr<Segment> segment(new Segment(files, directory, base, now));
  segment->file_ = std::move(file);
  segment->indexes_ = std::move(indexes);
  segment->extent_ = extent;
  segment->aborted_ = aborted;
  segment->recent_ = std::make_unique<std::array<BatchPlace, kRecentBatchesMax>>();
  return segment;
}

std::shared_ptr<Segment> Segment::sealed(io::FileSystem& files, const std::string& directory,
                                         Offset base, const SegmentExtent& extent,
                                         Aborted aborted) {
  std::shared_ptr<Segment> segment(new Segment(files, directory, base, kNoTimestamp));
  segment->is_sealed_ = true;
  segment->has_indexes_ = false;
  segment->has_aborted_ = aborted == Aborted::kNone;
  segment->aborted_ = aborted;
  segment->extent_ = extent;
  return segment;
}

std::shared_ptr<Segment> Segment::rewritten(io::FileSystem& files, const std::string& directory,
                                            Offset base, std::unique_ptr<io::File> file,
                                            SegmentIndexes indexes, const SegmentExtent& extent,
                                            Aborted aborted) {
  auto segment = sealed(files, directory, base, extent, aborted);
  segment->file_ = std::move(file);
  segment->indexes_ = std::move(indexes);
  segment->has_indexes_ = true;
  segment->has_aborted_ = true;
  segment->is_pinned_ = true;
  return segment;
}

std::uint64_t Segment::size_bytes() const {
  const std::lock_guard lock(mutex_);
  return extent_.size_bytes;
}

Offset Segment::next_offset() const {
  const std::lock_guard lock(mutex_);
  return extent_.next_offset;
}

TimestampOffset Segment::max_timestamp() const {
  const std::lock_guard lock(mutex_);
  return extent_.max_timestamp;
}

Timestamp Segment::newest() const {
  const Timestamp largest = max_timestamp().timestamp;
  if (largest.value() >= 0) return largest;
  const auto modified = files_.modified_at(path(kLogSuffix));
  if (modified.ok()) return *modified;
  LOG_WARN("the age of a segment cannot be told",
           {{"path", path(kLogSuffix)}, {"reason", modified.error().message}});
  return kNoTimestamp;
}

std::string Segment::path(std::string_view suffix) const {
  return directory_ + '/' + segment_file_name(base_, suffix);
}

bool Segment::must_roll_before(const wire::BatchHeader& header, const RollLimits& limits,
                               Timestamp now) const {
  const auto size = static_cast<std::int64_t>(extent_.size_bytes);
  if (size == 0) return false;
  const std::int64_t first = indexes_.first_batch_timestamp.value();
  const std::int64_t waited_ms = first >= 0
                                     ? saturating_subtract(header.max_timestamp.value(), first)
                                     : millis_between(created_, now);
  const auto entries_max = limits.index_bytes / static_cast<std::int64_t>(kTimeIndexEntrySize);
  const auto aborted_max =
      limits.index_bytes / static_cast<std::int64_t>(kTransactionIndexEntrySize);
  return size + static_cast<std::int64_t>(header.size_bytes()) >
             std::min(limits.segment_bytes, kSegmentBytesLimit) ||
         waited_ms > limits.segment_ms ||
         static_cast<std::int64_t>(indexes_.offsets.size()) >= entries_max - 1 ||
         static_cast<std::int64_t>(indexes_.transactions.size()) >=
             std::max<std::int64_t>(aborted_max, 1) ||
         header.last_offset() - base_ > INT32_MAX;
}

Status Segment::append(std::string_view batch, const wire::BatchHeader& header,
                       std::int64_t index_interval_bytes) {
  CHECK(!is_sealed_, "append to sealed segment {}", base_);
  if (has_torn_tail_) {
    cut_back();
    if (has_torn_tail_) return Error{ErrorCode::kIo, "the end of the log cannot be repaired"};
  }
  const std::uint64_t position = extent_.size_bytes;
  if (Status status = file_->append(batch); !status.ok()) {
    has_torn_tail_ = true;
    cut_back();
    return status;
  }
  const std::lock_guard lock(mutex_);
  indexes_.add(header, static_cast<std::uint32_t>(position), index_interval_bytes);
  extent_ = {position + batch.size(), header.next_offset(), indexes_.max_timestamp};
  (*recent_)[appended_count_++ % kRecentBatchesMax] = {position, header};
  return {};
}

void Segment::add_aborted(const AbortedTransaction& aborted) {
  const std::lock_guard lock(mutex_);
  indexes_.transactions.append(aborted);
}

void Segment::forget_aborted() {
  const std::lock_guard lock(mutex_);
  has_aborted_ = false;
}

Status Segment::set_aborted(TransactionIndex index) {
  const std::lock_guard lock(mutex_);
  if (!is_sealed_) {
    indexes_.transactions = std::move(index);
    has_aborted_ = true;
    return {};
  }
  if (aborted_ == Aborted::kNone && index.size() == 0) return {};
  const std::string name = path(kTransactionIndexSuffix);
  const std::string bytes = index.encode();
  const auto held = holds_already(files_, name, bytes);
  if (!held.ok()) return held.error();
  Status status = *held == nullptr ? files_.replace_atomically(name, bytes) : (*held)->sync();
  if (!status.ok()) return status;
  aborted_ = Aborted::kInFile;
  has_aborted_ = false;
  return {};
}

void Segment::cut_back() {
  Status status = file_->truncate(extent_.size_bytes);
  has_torn_tail_ = !status.ok();
  if (has_torn_tail_) {
    LOG_ERROR("a part of a batch could not be cut off",
              {{"path", path(kLogSuffix)}, {"reason", status.error().message}});
  }
}

Status Segment::write_indexes() {
  if (has_torn_tail_) {
    cut_back();
    if (has_torn_tail_) return Error{ErrorCode::kIo, "the end of the log cannot be repaired"};
  }
  TimeIndex times = indexes_.times;
  times.append(indexes_.max_timestamp);  // the file's last entry also tells the largest timestamp
  auto index = write_whole(files_, path(kOffsetIndexSuffix), indexes_.offsets.encode());
  if (!index.ok()) return std::move(index).error();
  auto time_index = write_whole(files_, path(kTimeIndexSuffix), times.encode());
  if (!time_index.ok()) return std::move(time_index).error();
  std::shared_ptr<io::File> transaction_index;
  if (has_aborted_ && (aborted_ == Aborted::kInFile || indexes_.transactions.size() > 0)) {
    auto written =
        write_whole(files_, path(kTransactionIndexSuffix), indexes_.transactions.encode());
    if (!written.ok()) return std::move(written).error();
    transaction_index = std::move(written).value();
  }
  const std::lock_guard lock(mutex_);
  if (transaction_index != nullptr) aborted_ = Aborted::kInFile;
  unsynced_transaction_index_ = std::move(transaction_index);
  unsynced_index_ = std::move(index).value();
  unsynced_time_index_ = std::move(time_index).value();
  return {};
}

void Segment::seal() {
  const std::lock_guard lock(mutex_);
  is_sealed_ = true;
  recent_.reset();
}

Status Segment::sync() {
  std::shared_ptr<io::File> log;
  std::shared_ptr<io::File> index;
  std::shared_ptr<io::File> time_index;
  std::shared_ptr<io::File> transaction_index;
  {
    const std::lock_guard lock(mutex_);
    if (is_retired_) return {};
    log = file_;
    index = unsynced_index_;
    time_index = unsynced_time_index_;
    transaction_index = unsynced_transaction_index_;
  }
  for (const auto& file : {log, index, time_index, transaction_index}) {
    if (file == nullptr) continue;
    if (Status status = file->sync(); !status.ok()) return status;
  }
  const std::lock_guard lock(mutex_);
  if (unsynced_index_ == index) unsynced_index_.reset();
  if (unsynced_time_index_ == time_index) unsynced_time_index_.reset();
  if (unsynced_transaction_index_ == transaction_index) unsynced_transaction_index_.reset();
  return {};
}

void Segment::release_files() {
  const std::lock_guard lock(mutex_);
  if (is_pinned_ || !is_sealed_ || unsynced_index_ != nullptr || unsynced_time_index_ != nullptr ||
      unsynced_transaction_index_ != nullptr)
    return;
  file_.reset();
  // One that was made anew stays: else its readers would have it made again and again.
  if (!is_remade_) {
    indexes_ = SegmentIndexes(base_);
    has_indexes_ = false;
  }
  indexes_.transactions = TransactionIndex();
  has_aborted_ = aborted_ == Aborted::kNone;
}

void Segment::unpin_files() {
  const std::lock_guard lock(mutex_);
  is_pinned_ = false;
}

bool Segment::is_retired() const {
  const std::lock_guard lock(mutex_);
  return is_retired_;
}

Status Segment::retire(const FileRetirement& retirement, Snapshot snapshot) {
  {
    const std::lock_guard lock(mutex_);
    is_retired_ = true;
  }
  for (const auto suffix : {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix,
                            kTransactionIndexSuffix, kSnapshotSuffix}) {
    if (suffix == kSnapshotSuffix && snapshot == Snapshot::kStays) continue;
    std::string deleted = path(suffix);
    Status status;
    if (retirement.removal == nullptr) {
      status = files_.remove(deleted);
    } else {
      deleted += kDeletedFileSuffix;
      status = files_.rename(path(suffix), deleted);
      if (status.ok()) retirement.removal->add(std::move(deleted), retirement.delay);
    }
    if (!status.ok() && status.error().code != ErrorCode::kNotFound) return status;
  }
  return {};
}

Status Segment::open_files() const {
  if (file_ == nullptr) {
    // What bears its name by now may be another segment's.
    if (is_retired_) return Error{ErrorCode::kNotFound, path(kLogSuffix) + " was given up"};
    auto file = files_.open(path(kLogSuffix), io::OpenMode::kRead);
    if (!file.ok()) return std::move(file).error();
    file_ = std::move(file).value();
  }
  if (has_indexes_ || is_retired_) return {};
  auto offsets = load_index<OffsetIndex>(
      files_, path(kOffsetIndexSuffix), base_, [this](std::string_view bytes) {
        return OffsetIndex::decode(base_, bytes, extent_.size_bytes);
      });
  if (!offsets.ok()) return std::move(offsets).error();
  auto times = load_index<TimeIndex>(
      files_, path(kTimeIndexSuffix), base_,
      [this](std::string_view bytes) { return TimeIndex::decode(base_, bytes); });
  if (!times.ok()) return std::move(times).error();
  indexes_.offsets = std::move(offsets).value();
  indexes_.times = std::move(times).value();
  has_indexes_ = true;
  return {};
}

ReadStart Segment::start_at(std::uint64_t position, Offset target) const {
  return {file_, position, extent_.size_bytes, extent_.next_offset, target, std::nullopt};
}

std::optional<BatchPlace> Segment::find_recent(Offset target) const {
  if (recent_ == nullptr) return std::nullopt;
  const std::uint64_t oldest =
      appended_count_ - std::min<std::uint64_t>(appended_count_, kRecentBatchesMax);
  for (std::uint64_t n = appended_count_; n > oldest; --n) {
    const BatchPlace& batch = (*recent_)[(n - 1) % kRecentBatchesMax];
    if (batch.header.base_offset > target) continue;
    if (batch.header.last_offset() < target) break;
    return batch;
  }
  return std::nullopt;
}

Result<ReadStart> Segment::start_for(Offset target) const {
  const std::lock_guard lock(mutex_);
  if (Status status = open_files(); !status.ok()) return std::move(status).error();
  if (auto recent = find_recent(target)) {
    ReadStart start = start_at(recent->position, target);
    start.exact_batch = recent;
    return start;
  }
  return start_at(indexes_.offsets.position_for(target), target);
}

Result<ReadStart> Segment::start_for(Timestamp time, Offset target) const {
  const std::lock_guard lock(mutex_);
  if (Status status = open_files(); !status.ok()) return std::move(status).error();
  const Offset from = std::max(indexes_.times.offset_before(time), target);
  return start_at(indexes_.offsets.position_for(from), from);
}

Result<bool> Segment::remake_index() const {
  const std::lock_guard lock(mutex_);
  if (is_remade_) return false;
  if (Status status = open_files(); !status.ok()) return std::move(status).error();
  LOG_WARN("a batch is not where the index says, making the index anew in memory",
           {{"path", path(kOffsetIndexSuffix)}});
  OffsetIndex made(base_);
  std::uint64_t entry_at = 0;
  std::uint64_t walked = 0;
  for (BatchScanner scanner(*file_, 0, extent_.size_bytes);;) {
    auto place = scanner.next();
    if (!place.ok() && place.error().code != ErrorCode::kCorrupt) return std::move(place).error();
    // Behind bad bytes the old one is all there is.
    if (!place.ok()) made.append_from(indexes_.offsets, walked);
    if (!place.ok() || !*place) break;
    walked = (*place)->end();
    if ((*place)->position - entry_at <= kRemadeIndexInterval) continue;
    entry_at = (*place)->position;
    made.append((*place)->header.last_offset(), static_cast<std::uint32_t>(entry_at));
  }
  indexes_.offsets = std::move(made);
  is_remade_ = true;
  return true;
}

bool Segment::may_have_aborted() const {
  const std::lock_guard lock(mutex_);
  return aborted_ == Aborted::kInFile || indexes_.transactions.size() > 0;
}

Result<bool> Segment::collect_aborted(Offset from, Offset before,
                                      std::vector<AbortedTransaction>& found) const {
  const std::lock_guard lock(mutex_);
  if (Status status = load_aborted(); !status.ok()) return std::move(status).error();
  return indexes_.transactions.collect(from, before, found);
}

/// Unlike with the other indexes there is no doing without: a reader would take what was aborted.
Status Segment::load_aborted() const {
  if (has_aborted_) return {};
  if (is_retired_) return Error{ErrorCode::kNotFound, path(kLogSuffix) + " was given up"};
  const std::string name = path(kTransactionIndexSuffix);
  auto bytes = files_.read_all(name);
  if (!bytes.ok()) return std::move(bytes).error();
  auto index = TransactionIndex::decode(base_, extent_.next_offset, *bytes);
  if (!index.ok()) return std::move(index).error().with_context(name);
  indexes_.transactions = std::move(index).value();
  has_aborted_ = true;
  return {};
}

Offset Segment::bound_at(std::uint64_t position) const {
  const std::lock_guard lock(mutex_);
  return std::min(indexes_.offsets.bound_at(position), extent_.next_offset);
}

std::uint64_t Segment::boundary_before(std::uint64_t position) const {
  const std::lock_guard lock(mutex_);
  return indexes_.offsets.boundary_before(position);
}

}  // namespace millrace::storage
