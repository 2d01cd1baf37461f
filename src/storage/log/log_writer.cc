#include "storage/log/log_writer.h"

#include <optional>
#include <set>
#include <utility>

#include "base/buffer.h"
#include "base/fault_point.h"
#include "base/guarded.h"
#include "base/probe.h"
#include "storage/log/log_appender.h"
#include "storage/log/log_parts.h"
#include "storage/log/recompression.h"
#include "storage/producers/producer_snapshot.h"
#include "storage/segment/segment_format.h"
#include "storage/storage_error.h"

namespace millrace::storage {
namespace {

/// Notes that `epoch` begins at `start`, unless it has begun already.
Status start_epoch(LogParts& log, LeaderEpoch epoch, Offset start) {
  std::optional<LeaderEpochs> before;
  log.epochs.with([&](LeaderEpochs& known) {
    if (!known.is_new(epoch)) return;
    before = known;
    known.assign(epoch, start);
  });
  if (!before) return {};
  Status status = log.write_epochs();
  if (!status.ok()) log.epochs.with([&](LeaderEpochs& known) { known = *before; });
  return status;
}

/// Before the end of a transaction is published: who may read its records must find in the index
/// whether they count.
void note_producer(LogParts& log, const wire::BatchHeader& header,
                   const std::optional<wire::TransactionEnd>& end) {
  if (!end) return log.producers.apply(header);
  log.producers.apply_marker(header, *end);
}

}  // namespace

Result<AppendResult> append(LogParts& log, std::span<char> batch, LeaderEpoch epoch, Timestamp now,
                            const AppendAs& as, wire::InflationBudget& budget) {
  if (Status status = log.flusher.check_usable(); !status.ok()) return std::move(status).error();
  std::string_view bytes{batch.data(), batch.size()};
  auto checked = check_append(bytes, log.config, log.producers, as, now, budget);
  if (!checked.ok()) return std::move(checked).error();

  AppendResult result;
  result.log_start_offset = log.offsets.start();
  const bool log_stamps = log.config.message_timestamp_type == wire::TimestampType::kLogAppendTime;
  if (checked->repeats) {
    result.base_offset = checked->repeats->base_offset;
    result.last_offset = checked->repeats->last_offset;
    if (log_stamps) result.log_append_time = checked->repeats->max_timestamp;
    result.duplicate = true;
    PROBE("storage: a batch that came again was recognised");
    return result;
  }

  Buffer recompressed;
  if (as.origin == AppendOrigin::kClient && must_recompress(checked->header, log.config)) {
    auto stored = recompress(bytes, checked->header, log.config);
    if (!stored.ok()) return std::move(stored).error();
    recompressed = std::move(stored).value();
    batch = {recompressed.data(), recompressed.size()};
    bytes = recompressed.view();
    auto header = wire::read_batch_header(bytes);
    if (!header.ok()) return std::move(header).error();
    checked->header = *header;
  }

  log.is_as_closed = false;
  const Offset base = log.offsets.end();
  if (Status status = start_epoch(log, epoch, base); !status.ok()) {
    return storage_error("writing the leader epoch", status.error());
  }
  const wire::BatchHeader header =
      place_batch(batch, checked->header, base, epoch, log.config, now);
  const Segment::RollLimits limits{log.config.segment_bytes, log.config.segment_ms,
                                   log.config.segment_index_bytes};
  if (log.active->must_roll_before(header, limits, now) ||
      FAULT_POINT("a segment ends before it is full")) {
    if (Status status = roll(log, now); !status.ok()) return std::move(status).error();
    PROBE("storage: a segment was rolled");
    result.rolled = true;
  }
  Status written = log.active->append(bytes, header, log.config.index_interval_bytes);
  if (!written.ok()) return storage_error("appending", written.error());
  note_producer(log, header, checked->ends);
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
  return append(log, {batch.data(), batch.size()}, epoch, now, as, budget);
}

Status roll(LogParts& log, Timestamp now) {
  if (Status status = log.flusher.check_usable(); !status.ok()) return status;
  if (log.active->size_bytes() == 0) return {};
  log.is_as_closed = false;
  const Offset base = log.offsets.end();
  if (Status status = write_snapshot(log, base); !status.ok()) {
    return storage_error("writing the producer snapshot", status.error());
  }
  const auto held = log.flusher.hold();
  if (Status status = log.active->write_indexes(); !status.ok()) {
    return storage_error("sealing a segment", status.error());
  }
  if (Status status = log.flusher.sync_before_sealing(*log.active, base); !status.ok()) {
    return status;
  }
  auto next = Segment::create(log.files, log.directory, base, now);
  if (!next.ok()) return storage_error("making a segment", next.error());
  log.active->seal();
  log.flusher.add_sealed(log.active);
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
