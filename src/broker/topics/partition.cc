#include "broker/topics/partition.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/probe.h"
#include "storage/group_flusher.h"
#include "wire/error_codes.h"

namespace millrace::broker {

namespace {

Error gone(const TopicPartition& name) {
  return wire::make_error(wire::KafkaError::kUnknownTopicOrPartition,
                          fmt::format("{} was closed or deleted", name));
}

Error epoch_is_owed() {
  return wire::make_error(wire::KafkaError::kKafkaStorageError,
                          "the leader epoch of this start is not in the metadata log yet, whose "
                          "disk takes nothing");
}

}  // namespace

Partition::Partition(TopicPartition name, std::shared_ptr<storage::PartitionLog> log,
                     Placement placement, Durability durability)
    : name_(std::move(name)),
      log_(std::move(log)),
      leadership_(placement.leadership),
      placement_(std::move(placement)),
      durability_(durability) {}

Result<storage::AppendResult> Partition::append(std::span<char> batch, Timestamp now,
                                                const storage::AppendAs& as) {
  wire::InflationBudget budget;
  return append(batch, now, as, budget);
}

Result<storage::AppendResult> Partition::append(std::span<char> batch, Timestamp now,
                                                const storage::AppendAs& as,
                                                wire::InflationBudget& budget) {
  auto prepared = log_->prepare(batch, now, as, budget);
  if (!prepared.ok()) return std::move(prepared).error();
  return append_with(
      [&] { return log_->append(std::move(prepared).value(), leader_epoch(), now); });
}

Result<storage::AppendResult> Partition::append_marker(wire::TransactionMarker marker,
                                                       wire::TransactionVersion version,
                                                       MarkerSource source, Timestamp now) {
  return append_with([&] {
    const auto& producers = log_->producers().entries();
    const auto known = producers.find(marker.producer_id);
    if (source == MarkerSource::kOwnCoordinator && known != producers.end()) {
      std::int32_t& epoch = marker.end.coordinator_epoch;
      epoch = std::max(epoch, known->second.coordinator_epoch);
    }
    return log_->append_marker(marker, version, leader_epoch(), now);
  });
}

void Partition::place(Placement placement) {
  writer_.with([&](Writer&) {
    leadership_.store(placement.leadership);
    placement_.with([&](Placement& current) { current = std::move(placement); });
  });
  wake_all();
}

void Partition::note_epoch(EpochIs epoch) {
  writer_.with([&](Writer& writer) { writer.epoch = epoch; });
}

Result<std::optional<storage::VerificationGuard>> Partition::begin_verification(
    ProducerId id, ProducerEpoch epoch, std::int32_t first_sequence, storage::EpochBump epoch_bump,
    Timestamp now) {
  using Guard = std::optional<storage::VerificationGuard>;
  return writer_.with([&](const Writer& writer) -> Result<Guard> {
    if (writer.is_closed) return gone(name_);
    return log_->begin_verification(id, epoch, first_sequence, epoch_bump, now);
  });
}

template <class Append>
Result<storage::AppendResult> Partition::append_with(Append append) {
  Ends before;
  bool has_sealed = false;
  auto result = writer_.with([&](Writer& writer) -> Result<storage::AppendResult> {
    if (writer.is_closed) return gone(name_);
    before = ends();
    auto appended =
        writer.epoch == EpochIs::kOwed ? Result<storage::AppendResult>(epoch_is_owed()) : append();
    has_sealed = log_->take_sealed();
    note_disk(writer, appended);
    return appended;
  });
  if (has_sealed && durability_.flusher != nullptr) durability_.flusher->request_sealed(log_);
  if (!result.ok()) return result;

  // A batch that came again may have been written by a try whose flush was never confirmed.
  if (!result->duplicate) wake_since(before);
  if (durability_.policy == FsyncPolicy::kAlways) {
    if (auto flushed = log_->flush(); !flushed.ok()) return std::move(flushed).error();
  }
  return result;
}

/// Says when the disk begins to refuse, and when it takes again; not for each batch in between.
void Partition::note_disk(Writer& writer, const Result<storage::AppendResult>& appended) const {
  if (appended.ok()) {
    if (std::exchange(writer.disk_refuses, false)) {
      PROBE("broker: a log was written again after its disk had refused");
      LOG_INFO("a log is written again", {{"partition", name_}});
    }
  } else if (wire::kafka_error_of(appended.error()) == wire::KafkaError::kKafkaStorageError) {
    if (std::exchange(writer.disk_refuses, true)) return;
    LOG_ERROR("a log cannot be written, its producers are refused",
              {{"partition", name_}, {"reason", appended.error().message}});
  }
}

void Partition::when_durable(std::function<void(const Status&)> done) {
  if (durability_.policy != FsyncPolicy::kGroup || durability_.flusher == nullptr) return done({});
  durability_.flusher->request(log_, std::move(done));
}

WaiterId Partition::add_waiter(std::function<void()> wake, WaitsFor what) {
  return waiters_.with([&](Waiters& waiters) {
    const WaiterId id = waiters.next_id++;
    waiters.by_id.emplace(id, Waiter{std::move(wake), what});
    waiter_count_.store(waiters.by_id.size());
    return id;
  });
}

void Partition::remove_waiter(WaiterId waiter) {
  // The callback may own the last reference to what waits: it is destroyed outside the lock.
  const auto removed = waiters_.with([&](Waiters& waiters) {
    auto node = waiters.by_id.extract(waiter);
    waiter_count_.store(waiters.by_id.size());
    return node;
  });
}

void Partition::wake_since(const Ends& before) {
  if (waiter_count_.load() == 0) return;
  const Ends now = ends();
  const auto wakes = waiters_.with([&](const Waiters& waiters) {
    std::vector<std::function<void()>> copies;
    copies.reserve(waiters.by_id.size());
    for (const auto& [id, waiter] : waiters.by_id) {
      const bool has_moved = waiter.what == WaitsFor::kHighWatermark
                                 ? now.high_watermark != before.high_watermark
                                 : now.last_stable != before.last_stable;
      if (has_moved) copies.push_back(waiter.wake);
    }
    return copies;
  });
  for (const auto& wake : wakes) wake();
}

Result<Offset> Partition::delete_records_before(Offset offset) {
  auto status = writer_.with([&](const Writer& writer) -> Status {
    if (writer.is_closed) return gone(name_);
    if (!log_->config()->cleanup_policy_delete)
      return wire::make_error(wire::KafkaError::kPolicyViolation,
                              fmt::format("{} is compacted and deletes nothing else", name_));
    if (offset < Offset{0})
      return wire::make_error(wire::KafkaError::kOffsetOutOfRange,
                              fmt::format("offset {}: wanted 0 or more", offset));
    return log_->delete_records_before(offset);
  });
  if (!status.ok()) return std::move(status).error();
  wake_all();
  return log_->log_start_offset();
}

Status Partition::apply_retention(Timestamp now) {
  auto deleted = writer_.with([&](const Writer& writer) -> Result<std::size_t> {
    if (writer.is_closed) return std::size_t{0};
    return log_->apply_retention(now);
  });
  if (!deleted.ok()) return std::move(deleted).error();
  if (*deleted > 0) wake_all();
  return {};
}

std::vector<std::pair<ProducerId, storage::ProducerEntry>> Partition::producers() const {
  return writer_.with([&](const Writer&) {
    const auto& entries = log_->producers().entries();
    return std::vector<std::pair<ProducerId, storage::ProducerEntry>>(entries.begin(),
                                                                      entries.end());
  });
}

void Partition::expire_producers(Timestamp now, Millis expiration) {
  writer_.with([&](const Writer& writer) {
    if (!writer.is_closed) log_->expire_producers(now, expiration);
  });
}

Status Partition::with_writer(const std::function<Status(storage::PartitionLog& log)>& work) {
  return writer_.with([&](const Writer& writer) -> Status {
    return writer.is_closed ? Status{gone(name_)} : work(*log_);
  });
}

template <class Ending>
Status Partition::end_with(Ending ending) {
  auto status = writer_.with([&](Writer& writer) -> Status {
    if (std::exchange(writer.is_closed, true)) return {};
    return ending(*log_);
  });
  wake_all();
  return status;
}

Status Partition::close() {
  return end_with([](storage::PartitionLog& log) { return log.close(); });
}

Status Partition::remove(const Uuid& unique) {
  return end_with([&](storage::PartitionLog& log) { return log.remove(unique); });
}

storage::EpochEndOffset Partition::end_offset_for_epoch(LeaderEpoch epoch) const {
  const auto found = log_->end_offset_for_epoch(epoch);
  const bool has_led = epoch != kNoLeaderEpoch && epoch <= leader_epoch();
  if (found.end_offset != kNoOffset || !has_led) return found;
  return {epoch, log_->log_end_offset()};
}

}  // namespace millrace::broker
