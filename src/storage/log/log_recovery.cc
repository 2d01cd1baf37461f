#include "storage/log/log_recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/probe.h"
#include "storage/directory/deleted_names.h"
#include "storage/log/segment_swap.h"
#include "storage/producers/producer_refill.h"
#include "storage/producers/producer_snapshot.h"
#include "storage/segment/segment_format.h"
#include "storage/segment/segment_loader.h"
#include "wire/crc32c.h"

namespace millrace::storage {
namespace {

/// What the marker at `place` says.
/// errors  kIo; else as wire::read_transaction_end
Result<wire::TransactionEnd> read_marker(const io::File& file, const BatchPlace& place) {
  std::vector<char> bytes(place.header.size_bytes());
  auto count = file.read_at(place.position, bytes);
  if (!count.ok()) return std::move(count).error();
  return wire::read_transaction_end({bytes.data(), *count});
}

class Loader {
 public:
  Loader(io::FileSystem& files, const std::string& directory, const LogConfig& config,
         const OpenOptions& options)
      : files_(files), directory_(directory), config_(config), options_(options) {}

  Result<LoadedLog> load() {
    for (const auto step :
         {&Loader::list_files, &Loader::load_epochs, &Loader::load_transaction_sums,
          &Loader::load_segments, &Loader::settle_offsets, &Loader::load_producers,
          &Loader::put_aborted_in_place, &Loader::refill_producer_windows,
          &Loader::settle_epochs}) {
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
  Status load_transaction_sums();
  Status find_changed_transaction_indexes();
  Status load_segments() {
    return storage::load_segments(files_, directory_, config_, options_, std::move(bases_), log_);
  }
  Status settle_offsets();
  Status start_anew();
  Status load_producers();
  Status replay_producers(Offset from);
  std::optional<Offset> newest_snapshot() const;
  Status replay_segment(const std::shared_ptr<Segment>& segment, Offset from);
  Result<std::optional<AbortedTransaction>> replay_batch(const io::File& file,
                                                         const BatchPlace& place);
  Status put_aborted_in_place();
  Status refill_producer_windows() { return refill_producers(log_.segments, log_.producers); }
  void complain_of_lost_start() const;
  Status settle_epochs();
  bool is_as_closed() const;

  io::FileSystem& files_;
  const std::string& directory_;
  const LogConfig& config_;
  const OpenOptions& options_;
  LoadedLog log_;
  std::vector<Offset> bases_;
  bool has_transaction_sums_ = false;                             // their file is there
  std::map<std::shared_ptr<Segment>, TransactionIndex> aborted_;  // of those without index
};

Status Loader::list_files() {
  auto entries = files_.list(directory_);
  if (!entries.ok()) return std::move(entries).error();
  const auto swapped = finish_swaps(files_, directory_, *entries);
  if (!swapped.ok()) return swapped.error();
  if (*swapped) {
    log_.names_changed = true;
    entries = files_.list(directory_);
    if (!entries.ok()) return std::move(entries).error();
  }
  std::set<Offset> logs;
  for (const auto& entry : *entries) {
    if (const auto base = offset_of_file(entry.name, kLogSuffix)) logs.insert(*base);
    if (const auto offset = offset_of_file(entry.name, kSnapshotSuffix)) {
      log_.snapshots.insert(*offset);
    }
    if (const auto base = offset_of_file(entry.name, kTransactionIndexSuffix)) {
      log_.transaction_indexes.insert(*base);
    }
    has_transaction_sums_ |= entry.name == kTransactionIndexSumsName;
  }
  for (const auto& entry : *entries) {
    const std::string_view name = entry.name;
    const auto index = offset_of_file(name, kOffsetIndexSuffix);
    const auto time_index = offset_of_file(name, kTimeIndexSuffix);
    const auto aborted = offset_of_file(name, kTransactionIndexSuffix);
    const bool is_orphan = (index && !logs.contains(*index)) ||
                           (time_index && !logs.contains(*time_index)) ||
                           (aborted && !logs.contains(*aborted));
    if (is_orphan || name.ends_with(".tmp") || name.ends_with(kDeletedFileSuffix) ||
        name.ends_with(kCleanedSuffix) || name.ends_with(kSwapSuffix)) {
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

Status Loader::load_transaction_sums() {
  if (!has_transaction_sums_) return {};
  auto text = files_.read_all(path(kTransactionIndexSumsName));
  if (!text.ok()) return std::move(text).error();
  auto sums = decode_transaction_index_sums(*text);
  if (sums.ok()) {
    log_.transaction_sums = std::move(sums).value();
    return find_changed_transaction_indexes();
  }
  LOG_WARN("a checkpoint is unreadable, taking the transaction indexes as they are",
           {{"path", path(kTransactionIndexSumsName)}, {"reason", sums.error().message}});
  log_.names_changed = true;  // to be written anew
  return {};
}

/// They stay until they are made anew, which takes room only where that changes them: a full disk
/// keeps nobody from starting whose index has only grown since. A stop in the middle of it finds
/// them changed again, as only a clean stop writes the sums.
Status Loader::find_changed_transaction_indexes() {
  for (const auto& [base, sum] : log_.transaction_sums) {
    if (!log_.transaction_indexes.contains(base)) continue;
    const auto bytes = files_.read_all(path(base, kTransactionIndexSuffix));
    if (!bytes.ok()) return bytes.error();
    if (wire::crc32c(*bytes) == sum) continue;
    if (!is_unclean()) {
      LOG_WARN("a transaction index is not as it was left, making it anew",
               {{"path", path(base, kTransactionIndexSuffix)}});
    }
    log_.changed_transaction_indexes.insert(base);
  }
  return {};
}

Status Loader::settle_offsets() {
  if (!log_.segments.empty()) log_.log_end_offset = log_.segments.back()->next_offset();
  if (log_.segments.empty() || log_.log_end_offset < options_.log_start_offset) {
    if (Status status = start_anew(); !status.ok()) return status;
  }
  log_.log_start_offset = std::max(options_.log_start_offset, log_.segments.front()->base_offset());
  if (log_.log_end_offset < options_.recovery_point) log_.report.ends_before_recovery_point = true;
  return {};
}

Status Loader::start_anew() {
  log_.names_changed = true;
  if (!log_.segments.empty()) {
    LOG_ERROR("the log ends before its start, keeping what it holds beside it",
              {{"directory", directory_},
               {"end", log_.log_end_offset},
               {"start", options_.log_start_offset}});
    for (const auto& segment : log_.segments) {
      const std::string name = segment->path(kLogSuffix);
      Status status = files_.rename(name, name + ".corrupt-0");
      if (status.ok()) status = segment->retire({}, Segment::Snapshot::kGoes);
      if (!status.ok()) return status;
    }
    log_.segments.clear();
    log_.unindexed.clear();
  }
  auto segment = Segment::create(files_, directory_, options_.log_start_offset, options_.now);
  if (!segment.ok()) return std::move(segment).error();
  log_.segments.push_back(std::move(segment).value());
  log_.log_end_offset = options_.log_start_offset;
  return {};
}

/// The newest snapshot that tells which transactions were open where the first transaction index
/// that is to be made anew begins.
std::optional<Offset> Loader::newest_snapshot() const {
  Offset newest = log_.log_end_offset;
  for (const auto& segment : log_.unindexed) newest = std::min(newest, segment->base_offset());
  const auto after = log_.snapshots.upper_bound(newest);
  if (after == log_.snapshots.begin()) return std::nullopt;
  const Offset offset = *std::prev(after);
  return offset >= log_.log_start_offset ? std::optional(offset) : std::nullopt;
}

Status Loader::load_producers() {
  // Snapshots taken after the end speak of records that are gone.
  while (!log_.snapshots.empty() && *log_.snapshots.rbegin() > log_.log_end_offset) {
    const Offset offset = *log_.snapshots.rbegin();
    PROBE("storage: a producer snapshot from beyond the log's end was dropped");
    log_.snapshots.erase(offset);
    if (Status status = remove_stray(segment_file_name(offset, kSnapshotSuffix)); !status.ok()) {
      return status;
    }
  }
  while (const auto usable = newest_snapshot()) {
    const Offset offset = *usable;
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
    Status status = replay_segment(segment, from);
    if (!status.ok() && status.error().code != ErrorCode::kCorrupt) return status;
    if (!status.ok()) {
      LOG_WARN("batches sent again may not be recognised",
               {{"path", segment->path(kLogSuffix)}, {"reason", status.error().message}});
    }
    segment->release_files();
  }
  return {};
}

Status Loader::replay_segment(const std::shared_ptr<Segment>& segment, Offset from) {
  auto start = segment->start_for(from);
  if (!start.ok()) return std::move(start).error();
  BatchScanner scanner(*start->file, start->position, start->end);
  for (;;) {
    auto place = scanner.next();
    if (!place.ok()) return std::move(place).error();
    if (!*place) return {};
    if ((*place)->header.base_offset < from) continue;
    auto aborted = replay_batch(*start->file, **place);
    if (!aborted.ok()) return std::move(aborted).error();
    if (*aborted && log_.unindexed.contains(segment)) aborted_[segment].append(**aborted);
  }
}

/// Returns the transaction that was aborted with the batch, if there is one.
Result<std::optional<AbortedTransaction>> Loader::replay_batch(const io::File& file,
                                                               const BatchPlace& place) {
  const wire::BatchHeader& header = place.header;
  std::optional<AbortedTransaction> none;
  if (!header.is_control() || !header.has_producer()) {
    log_.producers.apply(header);
    return none;
  }
  auto end = read_marker(file, place);
  // Compaction takes the records out of markers that nobody needs any more: those end nothing.
  if (!end.ok() && end.error().code == ErrorCode::kNotFound) return none;
  if (!end.ok()) return std::move(end).error();
  const auto ended = log_.producers.apply_marker(header, *end);
  if (!ended || ended->result == wire::TransactionResult::kCommit) return none;
  return std::optional(log_.producers.aborted(*ended));
}

Status Loader::put_aborted_in_place() {
  for (const auto& segment : log_.unindexed) {
    PROBE("storage: a transaction index was made anew");
    log_.names_changed = true;
    if (Status status = segment->set_aborted(std::move(aborted_[segment])); !status.ok()) {
      return status;
    }
  }
  return {};
}

/// DeleteRecords lets the first epoch begin where the log then does, so the epochs tell when the
/// checkpoint is gone. Not to be trusted further: epochs learned from a scan begin late, too, and
/// records that nobody deleted would be hidden.
void Loader::complain_of_lost_start() const {
  const auto& starts = log_.epochs.starts();
  if (options_.knows_log_start || starts.empty()) return;
  const Offset told = std::min(starts.front().start_offset, log_.log_end_offset);
  if (told <= log_.log_start_offset) return;
  LOG_WARN(
      "log-start-offset-checkpoint does not say any more where a log begins: records that were "
      "deleted from it are back; delete them again, or stop the broker and restore the checkpoint",
      {{"directory", directory_}, {"from", log_.log_start_offset}, {"to", told}});
}

Status Loader::settle_epochs() {
  complain_of_lost_start();
  if (log_.epochs.truncate_from_end(log_.log_end_offset)) log_.epochs_changed = true;
  if (log_.epochs.truncate_from_start(log_.log_start_offset)) log_.epochs_changed = true;
  return {};
}

/// Whether neither indexes nor snapshot were missing, and nothing was mended on the way.
bool Loader::is_as_closed() const {
  return !is_unclean() && log_.report.segments_scanned == 0 && !log_.names_changed &&
         !log_.epochs_changed && log_.transaction_sums.size() == log_.transaction_indexes.size() &&
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
