#include "storage/log/log_writer.h"

#include <optional>
#include <set>
#include <utility>

#include "base/buffer.h"
#include "base/fault_point.h"
#include "base/guarded.h"
#include "base/probe.h"
#include "storage/log/log_parts.h"
#include "storage/producers/producer_snapshot.h"
#include "storage/segment/segment_format.h"
#include "storage/storage_error.h"

namespace millrace::storage {
namespace {

/// Notes that `epoch` begins at `start`, unless it has begun already. What recovery could not write
/// down comes along.
Status start_epoch(LogParts& log, LeaderEpoch epoch, Offset start) {
  std::optional<LeaderEpochs> before;
  log.epochs.with([&](LeaderEpochs& known) {
    if (!known.is_new(epoch)) return;
    before = known;
    known.assign(epoch, start);
  });
  if (!before && !log.owes_epochs) return {};
  Status status = log.write_epochs();
  if (!status.ok() && before) log.epochs.with([&](LeaderEpochs& known) { known = *before; });
  return status;
}

/// Whether the batch's producer may write it now; the batch that it repeats, if it does.
Result<std::optional<AppendedBatch>> check_producer(const LogParts& log,
                                                    const PreparedBatch& batch) {
  if (!batch.ends) return log.producers.check(batch.header, batch.as);
  Status status = log.producers.check_marker(batch.header, *batch.ends, batch.as.version);
  if (!status.ok()) return std::move(status).error();
  return std::optional<AppendedBatch>();
}

/// Before the end of a transaction is published: who may read its records must find in the index
/// whether they count.
void note_producer(LogParts& log, const wire::BatchHeader& header,
                   const std::optional<wire::TransactionEnd>& end) {
  if (!end) return log.producers.apply(header);
  const auto ended = log.producers.apply_marker(header, *end);
  if (!ended || ended->result == wire::TransactionResult::kCommit) return;
  log.active->add_aborted(log.producers.aborted(*ended));
  log.has_aborted = true;
}

}  // namespace

Result<AppendResult> append(LogParts& log, PreparedBatch batch, LeaderEpoch epoch, Timestamp now) {
  if (Status status = log.flusher.check_usable(); !status.ok()) return std::move(status).error();
  const auto repeats = check_producer(log, batch);
  if (!repeats.ok()) return repeats.error();

  const LogConfig& config = *batch.config;
  AppendResult result;
  result.log_start_offset = log.offsets.start();
  const bool log_stamps = config.message_timestamp_type == wire::TimestampType::kLogAppendTime;
  if (const auto& appended = *repeats) {
    result.base_offset = appended->base_offset;
    result.last_offset = appended->last_offset;
    if (log_stamps) result.log_append_time = appended->max_timestamp;
    result.duplicate = true;
    PROBE("storage: a batch that came again was recognised");
    return result;
  }

  log.is_as_closed = false;
  const Offset base = log.offsets.end();
  if (Status status = start_epoch(log, epoch, base); !status.ok()) {
    return storage_error("writing the leader epoch", status.error());
  }
  const wire::BatchHeader header = place_batch(batch, base, epoch, now);
  const Segment::RollLimits limits{config.segment_bytes, config.roll_ms(),
                                   config.segment_index_bytes};
  if (log.active->must_roll_before(header, limits, now) ||
      FAULT_POINT("a segment ends before it is full")) {
    if (Status status = roll(log, now); !status.ok()) return std::move(status).error();
    PROBE("storage: a segment was rolled");
  }
  Status written = log.active->append(batch.view(), header, config.index_interval_bytes);
  if (!written.ok()) return storage_error("appending", written.error());
  note_producer(log, header, batch.ends);
  log.offsets.append(header.next_offset(), log.producers.first_unstable());

  result.base_offset = base;
  result.last_offset = header.last_offset();
  if (log_stamps) result.log_append_time = now;
  return result;
}

Result<AppendResult> append_marker(LogParts& log, const wire::TransactionMarker& marker,
                                   wire::TransactionVersion version, LeaderEpoch epoch,
                                   Timestamp now) {
  Buffer batch = wire::build_transaction_marker(marker, now);
  AppendAs as(AppendOrigin::kCoordinator);
  as.version = version;
  wire::InflationBudget budget;
  auto prepared = prepare_append({batch.data(), batch.size()}, log.config(), as, now, budget);
  if (!prepared.ok()) return std::move(prepared).error();
  return append(log, std::move(prepared).value(), epoch, now);
}

Status roll(LogParts& log, Timestamp now) {
  if (Status status = log.flusher.check_usable(); !status.ok()) return status;
  if (log.active->size_bytes() == 0) return {};
  log.is_as_closed = false;
  const Offset base = log.offsets.end();
  if (Status status = write_snapshot(log, base); !status.ok()) {
    return storage_error("writing the producer snapshot", status.error());
  }
  if (Status status = log.active->write_indexes(); !status.ok()) {
    return storage_error("sealing a segment", status.error());
  }
  if (Status status = log.flusher.begin_sealing(log.active, base); !status.ok()) return status;
  auto next = Segment::create(log.files, log.directory, base, now);
  if (!next.ok()) {
    log.flusher.forget(log.active);
    return storage_error("making a segment", next.error());
  }
  log.active->seal();
  // Again: a flush that was faster has left the files of one that was not sealed yet open.
  log.flusher.add_sealed(log.active);
  log.has_sealed = true;
  log.active = std::move(next).value();
  log.flusher.names_changed();
  log.segments.add(log.active);
  return {};
}

Status write_snapshot(LogParts& log, Offset offset) {
  if (!log.snapshots.contains(offset)) {
    Status status =
        log.files.replace_atomically(log.path(segment_file_name(offset, kSnapshotSuffix)),
                                     encode_producer_snapshot(log.producers));
    if (!status.ok()) return status;
    log.snapshots.insert(offset);
  }
  std::set<Offset> kept{offset};
  for (const auto& segment : log.segments.all()) kept.insert(segment->base_offset());
  for (auto old = log.snapshots.begin(); old != log.snapshots.end();) {
    if (kept.contains(*old)) {
      ++old;
      continue;
    }
    Status status = log.files.remove(log.path(segment_file_name(*old, kSnapshotSuffix)));
    if (!status.ok() && status.error().code != ErrorCode::kNotFound) return status;
    old = log.snapshots.erase(old);
  }
  return {};
}

}  // namespace millrace::storage
