#include "storage/partition_log.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "storage/directory/deleted_names.h"
#include "storage/log/log_deletion.h"
#include "storage/log/log_parts.h"
#include "storage/log/log_view.h"
#include "storage/log/segment_swap.h"
#include "storage/segment/segment_format.h"
#include "storage/segment/transaction_index_sums.h"
#include "storage/storage_error.h"
#include "wire/crc32c.h"

namespace millrace::storage {

namespace {

/// Notes what the transaction indexes are, all of which are written.
Status write_transaction_sums(const LogParts& log) {
  TransactionIndexSums sums;
  for (const auto& segment : log.segments.all()) {
    if (!segment->may_have_aborted()) continue;
    auto bytes = log.files.read_all(segment->path(kTransactionIndexSuffix));
    if (!bytes.ok()) return std::move(bytes).error();
    sums[segment->base_offset()] = wire::crc32c(*bytes);
  }
  const std::string path = log.path(kTransactionIndexSumsName);
  if (!sums.empty()) {
    return log.files.replace_atomically(path, encode_transaction_index_sums(sums));
  }
  Status status = log.files.remove(path);
  if (!status.ok() && status.error().code == ErrorCode::kNotFound) return {};
  return status;
}

}  // namespace

PartitionLog::PartitionLog(std::unique_ptr<LogParts> parts) : parts_(std::move(parts)) {}
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
  auto parts =
      std::make_unique<LogParts>(files, std::move(directory), config, std::move(loaded).value(),
                                 recovery_point, options.removal);
  if (epochs_changed) {
    Status status = parts->write_epochs();
    // A full disk: readers need none of it, and the next append writes it first.
    parts->owes_epochs = !status.ok() && status.error().code == ErrorCode::kDiskFull;
    if (!status.ok() && !parts->owes_epochs) return std::move(status).error();
  }
  return std::unique_ptr<PartitionLog>(new PartitionLog(std::move(parts)));
}

const RecoveryReport& PartitionLog::recovery() const {
  return parts_->report;
}
const std::string& PartitionLog::directory() const {
  return parts_->directory;
}
std::shared_ptr<const LogConfig> PartitionLog::config() const {
  return parts_->config();
}
void PartitionLog::set_config(const LogConfig& config) {
  parts_->current_config.with(
      [&](auto& current) { current = std::make_shared<const LogConfig>(config); });
}

Offset PartitionLog::log_start_offset() const {
  return parts_->offsets.start();
}
Offset PartitionLog::log_end_offset() const {
  return parts_->offsets.end();
}
Offset PartitionLog::high_watermark() const {
  return parts_->offsets.high_watermark();
}
Offset PartitionLog::last_stable_offset() const {
  return parts_->offsets.last_stable();
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

const ProducerStates& PartitionLog::producers() const {
  return parts_->producers;
}

void PartitionLog::expire_producers(Timestamp now, Millis expiration) {
  parts_->producers.expire(now, expiration);
}

// --- each to the part that does it ---------------------------------------------------------------

Result<AppendResult> PartitionLog::append(std::span<char> batch, LeaderEpoch epoch, Timestamp now,
                                          const AppendAs& as) {
  wire::InflationBudget budget;
  auto prepared = prepare(batch, now, as, budget);
  if (!prepared.ok()) return std::move(prepared).error();
  return append(std::move(prepared).value(), epoch, now);
}

Result<PreparedBatch> PartitionLog::prepare(std::span<char> batch, Timestamp now,
                                            const AppendAs& as,
                                            wire::InflationBudget& budget) const {
  return prepare_append(batch, parts_->config(), as, now, budget);
}

Result<AppendResult> PartitionLog::append(PreparedBatch batch, LeaderEpoch epoch, Timestamp now) {
  return storage::append(*parts_, std::move(batch), epoch, now);
}

std::optional<VerificationGuard> PartitionLog::begin_verification(ProducerId id,
                                                                  ProducerEpoch epoch,
                                                                  std::int32_t first_sequence,
                                                                  EpochBump epoch_bump,
                                                                  Timestamp now) {
  return parts_->producers.begin_verification(id, epoch, first_sequence, epoch_bump, now);
}

Result<AppendResult> PartitionLog::append_marker(const wire::TransactionMarker& marker,
                                                 wire::TransactionVersion version,
                                                 LeaderEpoch epoch, Timestamp now) {
  return storage::append_marker(*parts_, marker, version, epoch, now);
}

Status PartitionLog::roll(Timestamp now) {
  return storage::roll(*parts_, now);
}

Result<LogSlice> PartitionLog::read(Offset from, std::size_t bytes_max, MinOneBatch min_one,
                                    Offset before) const {
  return storage::read(*parts_, from, {bytes_max, min_one, before});
}

Result<CommittedSlice> PartitionLog::read_committed(Offset from, std::size_t bytes_max,
                                                    MinOneBatch min_one) const {
  return storage::read_committed(*parts_, from, bytes_max, min_one);
}

Result<std::vector<AbortedTransaction>> PartitionLog::aborted_transactions(Offset from,
                                                                           Offset before) const {
  return storage::aborted_transactions(*parts_, from, before);
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

Result<std::optional<OffsetAtTime>> PartitionLog::offset_for_timestamp(Timestamp time) const {
  return find_time_from(*parts_, log_start_offset(), time);
}

Result<std::optional<OffsetAtTime>> PartitionLog::max_timestamp() const {
  return find_max_timestamp(*parts_);
}

Result<std::size_t> PartitionLog::apply_retention(Timestamp now) {
  return storage::apply_retention(*parts_, now);
}

Status PartitionLog::delete_records_before(Offset offset) {
  return storage::delete_records_before(*parts_, offset);
}

CleanerView PartitionLog::cleaner_view() const {
  return {.segments = parts_->segments.all(),
          .config = *parts_->config(),
          .log_start = log_start_offset(),
          .stable_end = std::min(last_stable_offset(), recovery_point())};
}

LastOfProducers PartitionLog::last_of_producers() const {
  LastOfProducers producers;
  for (const auto& [id, entry] : parts_->producers.entries()) {
    const bool has_data = entry.batch_count > 0;
    producers[id] = {entry.epoch,
                     has_data ? entry.batches[entry.batch_count - 1].last_offset : kNoOffset};
  }
  return producers;
}

Result<SegmentRewrite> PartitionLog::plan_rewrite(Offset from, Offset before) const {
  const LogParts& log = *parts_;
  const Offset on_disk = std::min(before, recovery_point());
  SegmentRewrite::Segments run;
  const auto all = log.segments.all();
  Offset end = from;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const Offset next = all[i + 1]->base_offset();
    if (all[i]->base_offset() < from || next > on_disk) continue;
    run.push_back(all[i]);
    end = next;
  }
  if (run.empty()) {
    return Error{
        ErrorCode::kNotFound,
        fmt::format("wanted sealed segments on disk in {} to {}, found none", from, before)};
  }
  return SegmentRewrite(log.files, log.directory, std::move(run), end,
                        log.config()->index_interval_bytes);
}

Status PartitionLog::replace(SegmentRewrite rewrite, const WithWriter& writer) {
  return SegmentSwap::perform(*parts_, std::move(rewrite), [&](const auto& work) {
    return writer([&](PartitionLog& /*this*/) { return work(); });
  });
}

Status PartitionLog::remove(const Uuid& unique) {
  LogParts& log = *parts_;
  const std::lock_guard lock(log.swap_names);
  log.flusher.stop();
  return retire_folder(log.files, log.directory, unique, log.retirement());
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

bool PartitionLog::take_sealed() {
  return std::exchange(parts_->has_sealed, false);
}

Status PartitionLog::check_usable() const {
  return parts_->flusher.check_usable();
}

Status PartitionLog::close() {
  LogParts& log = *parts_;
  if (Status status = log.flusher.check_usable(); !status.ok()) return status;
  if (log.is_as_closed) return {};
  if (needs_no_snapshot_or_indexes(*log.active, log_start_offset(), log.producers)) return flush();
  if (Status status = write_snapshot(log, log_end_offset()); !status.ok()) {
    return storage_error("writing the producer snapshot", status.error());
  }
  if (Status status = log.active->write_indexes(); !status.ok()) {
    return storage_error("writing indexes", status.error());
  }
  if (Status status = write_transaction_sums(log); !status.ok()) {
    return storage_error("writing the checkpoint of transaction indexes", status.error());
  }
  log.flusher.names_changed();
  if (Status status = flush(); !status.ok()) return status;
  // An active segment without new records is passed over by flush, its indexes may not be.
  return log.flusher.sync_active(*log.active);
}

}  // namespace millrace::storage
