#include "storage/log/segment_swap.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "storage/directory/checkpoint_text.h"
#include "storage/log/log_parts.h"
#include "storage/segment/batch_scanner.h"
#include "storage/segment/segment_format.h"
#include "storage/storage_error.h"

namespace millrace::storage {
namespace {

constexpr std::string_view kDataSuffixes[] = {kLogSuffix, kOffsetIndexSuffix, kTimeIndexSuffix,
                                              kTransactionIndexSuffix};

/// Fails for any reason but that the file is not there.
Status unless_missing(Status status) {
  if (!status.ok() && status.error().code == ErrorCode::kNotFound) return {};
  return status;
}

Result<SwapRange> decode_swap_range(std::string_view text) {
  auto lines = checkpoint_lines(text);
  if (!lines.ok()) return std::move(lines).error();
  std::vector<std::string_view> fields;
  if (lines->size() == 1) fields = split_fields(lines->front());
  const bool is_pair = fields.size() == 2;
  const std::int64_t base = is_pair ? parse_number(fields[0]).value_or(-1) : -1;
  const std::int64_t end = is_pair ? parse_number(fields[1]).value_or(-1) : -1;
  if (base < 0 || end < base) {
    return Error{ErrorCode::kCorrupt, fmt::format("wanted 'base end', found '{}'", text)};
  }
  return SwapRange{Offset{base}, Offset{end}};
}

/// One log's folder, as a stop left it in the middle of a swap.
class SwapRecovery {
 public:
  SwapRecovery(io::FileSystem& files, const std::string& directory)
      : files_(files), directory_(directory) {}

  Result<bool> run(const std::vector<io::DirectoryEntry>& entries) {
    for (const auto& entry : entries) note(entry.name);
    if (ranges_.empty() && swaps_.empty()) return false;
    if (Status status = read_ranges(); !status.ok()) return std::move(status).error();
    for (const auto step : {&SwapRecovery::remove_old, &SwapRecovery::put_aborted_in_place,
                            &SwapRecovery::put_in_place}) {
      for (const SwapRange& range : found_) {
        if (Status status = (this->*step)(range); !status.ok()) return std::move(status).error();
      }
      if (Status status = files_.sync_directory(directory_); !status.ok()) {
        return std::move(status).error();
      }
    }
    for (const Offset base : ranges_) {
      Status status = unless_missing(files_.remove(path(base, kSwapRangeSuffix)));
      if (!status.ok()) return std::move(status).error();
    }
    return true;
  }

 private:
  std::string path(Offset base, std::string_view suffix, std::string_view end = {}) const {
    return fmt::format("{}/{}{}", directory_, segment_file_name(base, suffix), end);
  }

  void note(std::string_view name) {
    const auto of = [name](std::string_view suffix, std::string_view end = {}) {
      return name.ends_with(end) ? offset_of_file(name.substr(0, name.size() - end.size()), suffix)
                                 : std::nullopt;
    };
    if (const auto base = of(kLogSuffix)) logs_.insert(*base);
    if (const auto base = of(kLogSuffix, kCleanedSuffix)) cleaned_.insert(*base);
    if (const auto base = of(kLogSuffix, kSwapSuffix)) swaps_.insert(*base);
    if (const auto base = of(kSwapRangeSuffix)) ranges_.insert(*base);
  }

  Status read_ranges() {
    for (const Offset base : ranges_) {
      if (!swaps_.contains(base)) continue;
      auto text = files_.read_all(path(base, kSwapRangeSuffix));
      if (!text.ok()) return std::move(text).error();
      auto range = decode_swap_range(*text);
      if (!range.ok()) return std::move(range).error().with_context(path(base, kSwapRangeSuffix));
      found_.push_back(*range);
    }
    for (const Offset base : swaps_) {
      if (ranges_.contains(base)) continue;
      // As Kafka leaves them: of several copies of one run, those behind a .cleaned never counted.
      if (!cleaned_.empty() && base >= *cleaned_.begin()) {
        if (Status status = remove(base, kSwapSuffix); !status.ok()) return status;
        continue;
      }
      auto end = end_of_swap(base);
      if (!end.ok()) return std::move(end).error();
      found_.push_back({base, *end});
    }
    return {};
  }

  Status remove(Offset base, std::string_view end = {}) {
    for (const auto suffix : kDataSuffixes) {
      Status status = unless_missing(files_.remove(path(base, suffix, end)));
      if (!status.ok()) return status;
    }
    return {};
  }

  Result<Offset> end_of_swap(Offset base) {
    auto file = files_.open(path(base, kLogSuffix, kSwapSuffix), io::OpenMode::kRead);
    if (!file.ok()) return std::move(file).error();
    Offset end = base;
    for (BatchScanner scanner(*file.value(), 0, file.value()->size());;) {
      auto place = scanner.next();
      if (!place.ok()) return std::move(place).error();
      if (!*place) return end;
      end = (*place)->header.next_offset();
    }
  }

  Status remove_old(const SwapRange& range) {
    LOG_INFO("finishing the replacement of segments",
             {{"directory", directory_}, {"from", range.base}, {"to", range.end}});
    for (const Offset old : logs_) {
      if (old < range.base || old >= range.end) continue;
      if (Status status = remove(old); !status.ok()) return status;
    }
    return {};
  }

  Status rename(Offset base, std::string_view suffix) {
    for (const auto end : {kCleanedSuffix, kSwapSuffix}) {
      Status status = unless_missing(files_.rename(path(base, suffix, end), path(base, suffix)));
      if (!status.ok()) return status;
    }
    return {};
  }

  Status put_aborted_in_place(const SwapRange& range) {
    return rename(range.base, kTransactionIndexSuffix);
  }

  Status put_in_place(const SwapRange& range) {
    for (const auto suffix : {kOffsetIndexSuffix, kTimeIndexSuffix}) {
      if (Status status = rename(range.base, suffix); !status.ok()) return status;
    }
    return files_.rename(path(range.base, kLogSuffix, kSwapSuffix), path(range.base, kLogSuffix));
  }

  io::FileSystem& files_;
  const std::string& directory_;
  std::set<Offset> logs_, cleaned_, swaps_, ranges_;
  std::vector<SwapRange> found_;
};

}  // namespace

Status write_swap_range(io::FileSystem& files, const std::string& directory,
                        const SwapRange& range) {
  return files.replace_atomically(
      fmt::format("{}/{}", directory, segment_file_name(range.base, kSwapRangeSuffix)),
      fmt::format("{}{} {}\n", checkpoint_head(1), range.base, range.end));
}

Status SegmentSwap::perform(LogParts& log, SegmentRewrite rewrite, const WithWriter& writer) {
  CHECK(rewrite.is_finished_, "a copy is swapped in once it is on disk");
  SegmentSwap swap(log, std::move(rewrite));
  if (Status status = writer([&] { return swap.begin(); }); !status.ok()) return status;
  // A log whose names are half changed stays as it is, its segments too, until the next start.
  if (Status status = swap.make_it_count(); !status.ok()) {
    if (!swap.rewrite_.is_swapped_) log.is_swapping = false;
    return status;
  }
  Status status = writer([&] { return swap.show_to_readers(); });
  if (status.ok()) status = swap.finish_names();
  if (status.ok()) log.is_swapping = false;
  return status;
}

Status SegmentSwap::begin() {
  if (Status status = log_.flusher.check_usable(); !status.ok()) return status;
  CHECK(!log_.is_swapping, "one copy is swapped in at a time");
  if (!rewrite_.reaches_end() && !log_.config()->cleanup_policy_compact) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("wanted a copy up to offset {}, found one up to {}: only compacted "
                             "topics have gaps",
                             rewrite_.end(), rewrite_.extent_.next_offset)};
  }
  if (!log_.segments.holds(rewrite_.run())) {
    return Error{ErrorCode::kCancelled, "segments that were rewritten are gone"};
  }
  // From the first sync on, the next start finishes what is begun here, and nothing else may.
  log_.is_as_closed = false;
  log_.is_swapping = true;
  SegmentExtent extent = rewrite_.extent_;
  extent.next_offset = rewrite_.end();
  copy_ = Segment::rewritten(log_.files, log_.directory, rewrite_.base(), std::move(rewrite_.file_),
                             std::move(rewrite_.indexes_), extent, rewrite_.aborted_);
  return {};
}

std::string SegmentSwap::swap_path() const {
  return copy_->path(kLogSuffix) + std::string(kSwapSuffix);
}

Status SegmentSwap::make_it_count() {
  const std::lock_guard lock(log_.swap_names);
  if (Status status = log_.flusher.check_usable(); !status.ok()) return status;
  Status status = log_.files.rename(rewrite_.path(kLogSuffix), swap_path());
  if (!status.ok()) return storage_error("replacing segments", status.error());
  rewrite_.is_swapped_ = true;
  status = log_.files.sync_directory(log_.directory);
  return status.ok() ? status : Status{log_.flusher.give_up(status.error())};
}

Status SegmentSwap::show_to_readers() {
  log_.segments.replace(rewrite_.run(), copy_);
  ++log_.replaced_count;
  for (const auto& old : rewrite_.run()) log_.flusher.forget(old);
  return {};
}

Status SegmentSwap::finish_names() {
  const std::lock_guard lock(log_.swap_names);
  // The log was deleted: its folder has another name, and what bears the old one is another log's.
  if (Status status = log_.flusher.check_usable(); !status.ok()) return status;
  if (Status status = rename_files(); !status.ok()) return log_.flusher.give_up(status.error());
  copy_->unpin_files();
  const std::string range_name = segment_file_name(rewrite_.base(), kSwapRangeSuffix);
  if (Status status = log_.files.remove(log_.path(range_name)); !status.ok()) {
    LOG_WARN("a file of a finished replacement stays until the next start",
             {{"path", log_.path(range_name)}, {"reason", status.error().message}});
  }
  return {};
}

Status SegmentSwap::rename_files() {
  Status status;
  const auto rename = [&](std::string_view suffix) {
    if (status.ok()) status = log_.files.rename(rewrite_.path(suffix), copy_->path(suffix));
  };
  const auto sync = [&] {
    if (status.ok()) status = log_.files.sync_directory(log_.directory);
  };
  for (const auto& old : rewrite_.run()) {
    if (status.ok()) status = old->retire(log_.retirement(), Segment::Snapshot::kStays);
  }
  sync();
  if (rewrite_.aborted_ == Aborted::kInFile) {
    rename(kTransactionIndexSuffix);
    sync();
  }
  rename(kOffsetIndexSuffix);
  rename(kTimeIndexSuffix);
  if (status.ok()) status = log_.files.rename(swap_path(), copy_->path(kLogSuffix));
  sync();
  return status;
}

Result<bool> finish_swaps(io::FileSystem& files, const std::string& directory,
                          const std::vector<io::DirectoryEntry>& entries) {
  return SwapRecovery(files, directory).run(entries);
}

}  // namespace millrace::storage
