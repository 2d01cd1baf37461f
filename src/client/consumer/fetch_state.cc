#include "client/consumer/fetch_state.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace millrace::client {

FetchState::Partition* FetchState::find(const TopicPartition& partition) {
  const auto entry = partitions_.find(partition);
  return entry == partitions_.end() ? nullptr : &entry->second;
}

const FetchState::Partition* FetchState::find(const TopicPartition& partition) const {
  const auto entry = partitions_.find(partition);
  return entry == partitions_.end() ? nullptr : &entry->second;
}

void FetchState::set_assignment(const std::vector<TopicPartition>& partitions) {
  const std::set<TopicPartition> wanted(partitions.begin(), partitions.end());
  for (auto entry = partitions_.begin(); entry != partitions_.end();) {
    if (wanted.count(entry->first) > 0) {
      ++entry;
    } else {
      buffered_bytes_ -= entry->second.buffered_bytes;
      entry = partitions_.erase(entry);
    }
  }
  for (const TopicPartition& partition : wanted) {
    if (partitions_.try_emplace(partition).second) partitions_[partition].ticket = next_ticket_++;
  }
}

bool FetchState::is_assigned(const TopicPartition& partition) const {
  return find(partition) != nullptr;
}

std::vector<TopicPartition> FetchState::assignment() const {
  std::vector<TopicPartition> names;
  for (const auto& [name, partition] : partitions_) names.push_back(name);
  return names;
}

bool FetchState::pause(const TopicPartition& partition) {
  Partition* const found = find(partition);
  if (found != nullptr) found->is_paused = true;
  return found != nullptr;
}

bool FetchState::resume(const TopicPartition& partition) {
  Partition* const found = find(partition);
  if (found != nullptr) found->is_paused = false;
  return found != nullptr;
}

std::vector<TopicPartition> FetchState::paused() const {
  std::vector<TopicPartition> names;
  for (const auto& [name, partition] : partitions_) {
    if (partition.is_paused) names.push_back(name);
  }
  return names;
}

void FetchState::drop_buffered(Partition& partition) {
  buffered_bytes_ -= partition.buffered_bytes;
  partition.buffered_bytes = 0;
  partition.buffered.clear();
  partition.ticket = next_ticket_++;
  partition.in_flight = false;
  partition.in_check = false;
  partition.retry_at = {};
  partition.error.reset();
  partition.divergence.reset();
}

bool FetchState::seek(const TopicPartition& partition, Offset offset, LeaderEpoch epoch) {
  return seek(partition, offset, epoch, epoch);
}

bool FetchState::seek(const TopicPartition& partition, Offset offset, LeaderEpoch epoch,
                      LeaderEpoch sound_under) {
  Partition* const found = find(partition);
  if (found == nullptr) return false;
  drop_buffered(*found);
  found->position = offset;
  found->position_epoch = epoch;
  found->fetch_offset = offset;
  found->fetch_epoch = epoch;
  found->sound_under = sound_under;
  return true;
}

bool FetchState::seek(const TopicPartition& partition, PositionSource source) {
  Partition* const found = find(partition);
  if (found == nullptr) return false;
  drop_buffered(*found);
  found->position.reset();
  found->source = source;
  found->source_asked = false;
  return true;
}

std::optional<Offset> FetchState::position(const TopicPartition& partition) const {
  const Partition* const found = find(partition);
  return found == nullptr ? std::nullopt : found->position;
}

LeaderEpoch FetchState::position_epoch(const TopicPartition& partition) const {
  const Partition* const found = find(partition);
  return found == nullptr ? kNoLeaderEpoch : found->position_epoch;
}

std::optional<std::int64_t> FetchState::lag(const TopicPartition& partition) const {
  const Partition* const found = find(partition);
  if (found == nullptr || !found->position || found->readable_end == kNoOffset) {
    return std::nullopt;
  }
  return std::max<std::int64_t>(0, found->readable_end - *found->position);
}

std::vector<TopicPartition> FetchState::take_unpositioned(PositionSource source) {
  std::vector<TopicPartition> names;
  for (auto& [name, partition] : partitions_) {
    if (partition.position || partition.source_asked || partition.source != source) continue;
    if (partition.error) continue;
    partition.source_asked = true;
    names.push_back(name);
  }
  return names;
}

bool FetchState::awaits_position(const TopicPartition& partition, PositionSource source) const {
  const Partition* const found = find(partition);
  return found != nullptr && !found->position && found->source_asked && found->source == source;
}

void FetchState::set_position(const TopicPartition& partition, PositionSource source, Offset offset,
                              LeaderEpoch epoch) {
  if (awaits_position(partition, source)) seek(partition, offset, epoch);
}

void FetchState::retry_position(const TopicPartition& partition, PositionSource source) {
  if (awaits_position(partition, source)) find(partition)->source_asked = false;
}

void FetchState::set_error(const TopicPartition& partition, Error error) {
  Partition* const found = find(partition);
  if (found == nullptr) return;
  found->source_asked = false;
  found->error = std::move(error);
}

// ── Checks of positions ──

bool FetchState::needs_check(const Partition& partition, const PartitionLeader& leader) {
  return partition.fetch_epoch != kNoLeaderEpoch && leader.epoch > partition.sound_under;
}

PositionCheck FetchState::begin_check(const TopicPartition& name, Partition& partition,
                                      const PartitionLeader& leader) {
  partition.in_check = true;
  return {.partition = name,
          .offset = partition.fetch_offset,
          .epoch = partition.fetch_epoch,
          .leader_epoch = leader.epoch,
          .ticket = partition.ticket};
}

FetchState::Partition* FetchState::in_check(const PositionCheck& check) {
  Partition* const found = find(check.partition);
  const bool is_it = found != nullptr && found->in_check && found->ticket == check.ticket;
  if (is_it) found->in_check = false;
  return is_it ? found : nullptr;
}

std::optional<Truncation> FetchState::on_checked(const PositionCheck& check, EpochEnd end) {
  Partition* const found = in_check(check);
  if (found == nullptr) return std::nullopt;
  const Offset position = *found->position;
  if (end.offset == kNoOffset || position > end.offset) return Truncation{position, end};
  found->sound_under = check.leader_epoch;
  if (end.offset >= check.offset) return std::nullopt;
  drop_buffered(*found);
  found->fetch_offset = position;
  found->fetch_epoch = found->position_epoch;
  return std::nullopt;
}

void FetchState::on_uncheckable(const PositionCheck& check) {
  if (Partition* const found = in_check(check)) found->sound_under = check.leader_epoch;
}

void FetchState::on_check_failed(const PositionCheck& check, MonotonicTime retry_at) {
  if (Partition* const found = in_check(check)) found->retry_at = retry_at;
}

void FetchState::note_divergence(const TopicPartition& partition, Offset offset) {
  if (Partition* const found = find(partition)) found->divergence = offset;
}

std::optional<Offset> FetchState::divergence(const TopicPartition& partition) const {
  const Partition* const found = find(partition);
  return found == nullptr ? std::nullopt : found->divergence;
}

// ── Replicas ──

void FetchState::read_from(const PlannedPart& part, BrokerId replica, MonotonicTime until) {
  if (!is_current(part)) return;
  Partition& partition = *find(part.partition);
  partition.in_flight = false;
  partition.replica = ReadReplica{replica, until};
}

bool FetchState::read_from_leader(const TopicPartition& partition) {
  Partition* const found = find(partition);
  if (found == nullptr || !found->replica) return false;
  found->replica.reset();
  return true;
}

BrokerId FetchState::whom_to_ask(Partition& partition, const PartitionLeader& leader,
                                 MonotonicTime now) {
  if (partition.replica && partition.replica->until <= now) partition.replica.reset();
  return partition.replica ? partition.replica->broker : leader.broker;
}

// ── Fetching ──

// One answer ahead of the one that is read: Apache Kafka fills an answer to exactly the size that
// was asked for, with a part of a batch at its end, so that full counts as room for one more.
bool FetchState::may_ask(const Partition& partition, MonotonicTime now) const {
  return partition.position && !partition.in_flight && !partition.in_check &&
         !partition.is_paused && !partition.error && partition.retry_at <= now &&
         partition.buffered_bytes <= config_.partition_bytes_max;
}

FetchState::Plan FetchState::plan(const LeaderOf& leader_of, MonotonicTime now) {
  Plan plan;
  if (buffered_bytes_ >= config_.total_bytes_max) return plan;
  std::set<BrokerId> with_records;  // an answer comes at once, as records wait there
  for (auto& [name, partition] : partitions_) {
    if (!may_ask(partition, now)) continue;
    const auto leader = leader_of(name);
    if (!leader) {
      plan.has_leaderless = true;
      continue;
    }
    if (needs_check(partition, *leader)) {
      plan.checks[leader->broker].push_back(begin_check(name, partition, *leader));
      continue;
    }
    const BrokerId broker = whom_to_ask(partition, *leader, now);
    plan.requests[broker].parts.push_back(
        {.partition = name,
         .offset = partition.fetch_offset,
         .leader_epoch = leader->epoch,
         .bytes_max = static_cast<std::int32_t>(config_.partition_bytes_max),
         .ticket = partition.ticket});
    if (partition.fetch_offset < partition.readable_end) with_records.insert(broker);
  }
  for (auto request = plan.requests.begin(); request != plan.requests.end();) {
    const BrokerId broker = request->first;
    std::size_t& in_flight = fetches_in_flight_[broker];
    // One more than usual, so that records need not wait behind fetches that the broker holds back
    // because they are of partitions without any.
    const std::size_t limit = config_.fetches_per_broker_max + with_records.count(broker);
    if (in_flight >= limit) {
      request = plan.requests.erase(request);
      continue;
    }
    ++in_flight;
    for (const PlannedPart& part : request->second.parts) find(part.partition)->in_flight = true;
    ++request;
  }
  return plan;
}

bool FetchState::is_current(const PlannedPart& part) const {
  const Partition* const found = find(part.partition);
  return found != nullptr && found->ticket == part.ticket && found->in_flight;
}

void FetchState::on_fetched(const PlannedPart& part, FetchedPart fetched) {
  if (!is_current(part)) return;
  Partition& partition = *find(part.partition);
  partition.in_flight = false;
  const bool is_empty = fetched.records.empty();
  const auto end = FetchedRecords::end_of(fetched.records, part.offset);
  partition.sound_under = std::max(partition.sound_under, part.leader_epoch);
  const std::size_t bytes = fetched.records.size();
  FetchedRecords records(std::move(fetched), config_.read_options);
  partition.readable_end = records.readable_end();
  if (is_empty) return;
  partition.fetch_offset = end.offset;
  if (end.epoch != kNoLeaderEpoch) partition.fetch_epoch = end.epoch;
  partition.buffered_bytes += bytes;
  buffered_bytes_ += bytes;
  partition.buffered.push_back(std::move(records));
}

void FetchState::on_fetch_failed(const PlannedPart& part, MonotonicTime retry_at) {
  if (!is_current(part)) return;
  Partition& partition = *find(part.partition);
  partition.in_flight = false;
  partition.retry_at = retry_at;
}

void FetchState::on_request_done(BrokerId broker) {
  auto& count = fetches_in_flight_[broker];
  CHECK(count > 0, "an answer of broker {} to no fetch", broker.value());
  --count;
}

std::optional<MonotonicTime> FetchState::next_retry(MonotonicTime now) const {
  std::optional<MonotonicTime> earliest;
  for (const auto& [name, partition] : partitions_) {
    if (partition.retry_at <= now || partition.in_flight || partition.in_check) continue;
    if (!earliest || partition.retry_at < *earliest) earliest = partition.retry_at;
  }
  return earliest;
}

bool FetchState::has_ready() const {
  return std::any_of(partitions_.begin(), partitions_.end(), [](const auto& entry) {
    const Partition& partition = entry.second;
    return partition.error || (!partition.is_paused && !partition.buffered.empty());
  });
}

std::optional<FetchState::Ready> FetchState::next_ready() {
  const auto is_ready = [](const auto& entry) {
    return !entry.second.is_paused && !entry.second.buffered.empty();
  };
  const auto middle = partitions_.upper_bound(last_given_);
  auto found = std::find_if(middle, partitions_.end(), is_ready);
  if (found == partitions_.end()) {
    found = std::find_if(partitions_.begin(), middle, is_ready);
    if (found == middle) return std::nullopt;
  }
  last_given_ = found->first;
  return Ready{&found->first, &found->second.buffered.front()};
}

FetchedRecords* FetchState::ready_records(const TopicPartition& partition) {
  Partition* const found = find(partition);
  const bool is_ready = found != nullptr && !found->is_paused && !found->buffered.empty();
  return is_ready ? &found->buffered.front() : nullptr;
}

std::optional<Error> FetchState::take_error() {
  for (auto& [name, partition] : partitions_) {
    if (!partition.error) continue;
    std::optional<Error> error;
    error.swap(partition.error);
    return error;
  }
  return std::nullopt;
}

bool FetchState::advance(const TopicPartition& name) {
  Partition* const partition = find(name);
  CHECK(partition != nullptr && !partition->buffered.empty(), "nothing was read of {}", name);
  FetchedRecords& records = partition->buffered.front();
  partition->position = records.next_offset();
  if (records.epoch() != kNoLeaderEpoch) partition->position_epoch = records.epoch();
  if (!records.is_done()) return false;
  const std::size_t bytes = records.part().records.size();
  partition->buffered_bytes -= bytes;
  buffered_bytes_ -= bytes;
  partition->buffered.pop_front();
  return true;
}

}  // namespace millrace::client
