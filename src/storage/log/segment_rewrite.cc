#include "storage/log/segment_rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "storage/log/segment_swap.h"
#include "storage/segment/segment_format.h"

namespace millrace::storage {
namespace {

/// What is written at once: many small batches are one call.
constexpr std::size_t kPendingBytesMax = std::size_t{1} << 20U;

}  // namespace

SegmentRewrite::SegmentRewrite(io::FileSystem& files, std::string directory, Segments run,
                               Offset end, std::int64_t index_interval_bytes)
    : files_(&files),
      directory_(std::move(directory)),
      run_(std::move(run)),
      end_(end),
      index_interval_bytes_(index_interval_bytes),
      indexes_(run_.front()->base_offset()),
      extent_{0, run_.front()->base_offset(), {kNoTimestamp, run_.front()->base_offset()}} {}

SegmentRewrite::SegmentRewrite(SegmentRewrite&&) noexcept = default;

Status SegmentRewrite::make_files() {
  if (has_files_) return {};
  for (const auto& segment : run_) {
    if (!segment->may_have_aborted()) continue;
    aborted_ = Aborted::kInFile;
    auto all = segment->collect_aborted(Offset{0}, Offset{INT64_MAX}, run_aborted_);
    if (!all.ok()) return std::move(all).error();
  }
  auto file = files_->open(path(kLogSuffix), io::OpenMode::kCreateOrReadWrite);
  if (!file.ok()) return std::move(file).error();
  file_ = std::move(file).value();
  has_files_ = true;
  // One that was given up may have left its own.
  return file_->truncate(0);
}

SegmentRewrite::~SegmentRewrite() {
  if (run_.empty() || !has_files_ || is_swapped_) return;
  // The next start removes what is left.
  (void)files_->remove(path(kSwapRangeSuffix, {})).ok();
  for (const auto suffix :
       {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix, kTransactionIndexSuffix}) {
    (void)files_->remove(path(suffix)).ok();
  }
}

std::string SegmentRewrite::path(std::string_view suffix, std::string_view end) const {
  return fmt::format("{}/{}{}", directory_, segment_file_name(base(), suffix), end);
}

std::string SegmentRewrite::path(std::string_view suffix) const {
  return path(suffix, kCleanedSuffix);
}

Status SegmentRewrite::for_each_batch(const BatchVisit& visit) {
  Buffer chunk;
  for (const auto& segment : run_) {
    Status status = walk_batches(*segment, segment->base_offset(), chunk, visit);
    if (!status.ok()) return status;
  }
  return {};
}

Status SegmentRewrite::add_before(Offset offset) {
  Buffer chunk;
  for (const auto& segment : run_) {
    if (segment->base_offset() >= offset) break;
    bool is_behind = false;
    Status status = walk_batches(
        *segment, segment->base_offset(), chunk,
        [&](std::string_view bytes, const wire::BatchHeader& header) {
          is_behind = header.base_offset >= offset;
          return is_behind ? Status{Error{ErrorCode::kCancelled, "enough"}} : add(bytes);
        });
    if (is_behind) break;
    if (!status.ok()) return status;
  }
  return {};
}

Status SegmentRewrite::add(std::string_view batch) {
  CHECK(!is_finished_, "a batch for a copy that is finished");
  if (Status status = make_files(); !status.ok()) return status;
  auto header = wire::read_batch_header(batch);
  if (!header.ok()) return std::move(header).error();
  if (header->size_bytes() != batch.size() || header->base_offset < extent_.next_offset ||
      header->next_offset() > end_) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("wanted a whole batch between offsets {} and {}, found {} of {} bytes "
                             "at {} to {}",
                             extent_.next_offset, end_, batch.size(), header->size_bytes(),
                             header->base_offset, header->last_offset())};
  }
  const bool fits =
      extent_.size_bytes + batch.size() <= static_cast<std::uint64_t>(kSegmentBytesLimit) &&
      header->last_offset() - base() <= INT32_MAX;
  if (!fits) return Error{ErrorCode::kTooLarge, "a segment holds 2 GiB and 2^31 offsets"};
  pending_.append(batch);
  if (pending_.size() >= kPendingBytesMax) {
    if (Status status = write_pending(); !status.ok()) return status;
  }
  indexes_.add(*header, static_cast<std::uint32_t>(extent_.size_bytes), index_interval_bytes_);
  if (header->is_control() && header->record_count > 0) keep_aborted(header->base_offset);
  extent_ = {extent_.size_bytes + batch.size(), header->next_offset(), indexes_.max_timestamp};
  return {};
}

void SegmentRewrite::keep_aborted(Offset marker) {
  const auto found = std::lower_bound(
      run_aborted_.begin(), run_aborted_.end(), marker,
      [](const AbortedTransaction& entry, Offset wanted) { return entry.last_offset < wanted; });
  if (found == run_aborted_.end() || found->last_offset != marker) return;
  indexes_.transactions.append(*found);
}

Status SegmentRewrite::write_pending() {
  if (pending_.empty()) return {};
  Status status = file_->append(pending_.view());
  pending_.clear();
  return status;
}

Status SegmentRewrite::finish() {
  CHECK(!is_finished_, "a copy is finished once");
  if (Status status = make_files(); !status.ok()) return status;
  if (Status status = write_pending(); !status.ok()) return status;
  if (Status status = file_->sync(); !status.ok()) return status;
  TimeIndex times = indexes_.times;
  times.append(indexes_.max_timestamp);
  std::vector<std::pair<std::string_view, std::string>> indexes{
      {kOffsetIndexSuffix, indexes_.offsets.encode()}, {kTimeIndexSuffix, times.encode()}};
  // Though it be empty: it takes the place of an old one.
  if (aborted_ == Aborted::kInFile) {
    indexes.emplace_back(kTransactionIndexSuffix, indexes_.transactions.encode());
  }
  for (const auto& [suffix, bytes] : indexes) {
    auto file = files_->open(path(suffix), io::OpenMode::kCreateOrReadWrite);
    if (!file.ok()) return std::move(file).error();
    if (Status status = file.value()->truncate(0); !status.ok()) return status;
    if (Status status = file.value()->append(bytes); !status.ok()) return status;
    if (Status status = file.value()->sync(); !status.ok()) return status;
  }
  if (Status status = write_swap_range(*files_, directory_, {base(), end_}); !status.ok()) {
    return status;
  }
  is_finished_ = true;
  return {};
}

}  // namespace millrace::storage
