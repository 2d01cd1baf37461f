#include "client/producer/record_accumulator.h"

#include <algorithm>

#include "base/check.h"

namespace millrace::client {

PartitionId RecordAccumulator::choose_partition(ProducerTopic& topic, const ProducerRecord& record,
                                                std::size_t size) {
  if (record.partition) return *record.partition;
  const auto count = static_cast<std::int32_t>(topic.slots_.size());
  if (record.key && !config_.ignore_keys) return partition_for_key(*record.key, count);
  return topic.partitioner_.next(size, count, random_);
}

ProducerTopic& RecordAccumulator::topic(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return find_topic(name);
}

ProducerTopic& RecordAccumulator::find_topic(std::string_view name) {
  if (last_topic_ != nullptr && last_topic_->name() == name) return *last_topic_;
  auto known = topics_.find(name);
  if (known == topics_.end()) {
    auto made = std::make_unique<ProducerTopic>(std::string(name), config_.batch_size_bytes);
    known = topics_.emplace(std::string(name), std::move(made)).first;
  }
  last_topic_ = known->second.get();
  return *last_topic_;
}

std::size_t RecordAccumulator::memory_of_a_batch(std::size_t first_record_bytes) const {
  const std::size_t usual = std::min(config_.batch_size_bytes, config_.buffer_memory_bytes);
  return std::max(usual, first_record_bytes);
}

ProducerBatchPtr RecordAccumulator::open_batch(std::size_t capacity, const Clock& clock) {
  wire::BatchOptions options;
  options.compression = config_.compression;
  options.compression_level = config_.compression_level;
  options.is_transactional = config_.transactional_id.has_value();
  auto batch = std::make_unique<ProducerBatch>(options, capacity, memory_);
  batch->id = BatchId{next_batch_++};
  batch->budget_bytes = capacity;
  buffered_bytes_ += capacity;
  unfinished_.emplace_hint(unfinished_.end(), batch->id, 1);
  batch->created_at = clock.monotonic();
  batch->linger_until = batch->created_at + config_.linger;
  return batch;
}

RecordAccumulator::Appended RecordAccumulator::append(ProducerTopic* known_topic,
                                                      const ProducerRecord& record,
                                                      const Clock& clock,
                                                      const AppendOptions& options) {
  const Timestamp timestamp = record.timestamp == kNoTimestamp ? clock.wall() : record.timestamp;
  const std::size_t size =
      wire::RecordBatchBuilder::record_size_max(record.key, record.value, record.headers);
  const std::size_t size_alone = size + wire::batch_format::kHeaderSize;

  const std::lock_guard lock(mutex_);
  ProducerTopic& topic = known_topic != nullptr ? *known_topic : find_topic(record.topic);
  const auto refused = [&](Outcome why) { return Appended{why, false, &topic, {}}; };
  if (size_alone > config_.request_size_max || size_alone > config_.buffer_memory_bytes) {
    return refused(Outcome::kTooLarge);
  }
  if (closed_ || shut_) return refused(Outcome::kClosed);
  if (topic.slots_.empty()) return refused(Outcome::kNoMetadata);
  const PartitionId partition = choose_partition(topic, record, size);
  const auto index = static_cast<std::size_t>(partition.value());
  if (index >= topic.slots_.size()) return refused(Outcome::kNoSuchPartition);

  ProducerTopic::Slot& slot = topic.slots_[index];
  const bool is_full =
      slot.open != nullptr && slot.open->builder.size_bytes() + size > slot.open->budget_bytes;
  bool wake = false;
  if (is_full || slot.open == nullptr) {
    const std::size_t capacity = memory_of_a_batch(size_alone);
    if (buffered_bytes_ + capacity > config_.buffer_memory_bytes) return refused(Outcome::kNoRoom);
    if (is_full) slot.closed.push_back(std::move(slot.open));
    if (slot.closed.empty()) filling_.push_back({&topic, partition});
    slot.open = open_batch(capacity, clock);
    wake = true;
  }
  ProducerBatch& batch = *slot.open;
  batch.builder.append(timestamp, record.key, record.value, record.headers);
  const SendReceipt receipt{partition, batch.id, batch.record_count};
  batch.record_count = batch.builder.count();
  if (options.on_delivery != nullptr) {
    batch.waiters.push_back(
        {receipt.index, timestamp, std::move(*options.on_delivery), options.kind});
  }
  if (options.urgency == Urgency::kNow) {
    batch.linger_until = MonotonicTime::min();
    wake = true;
  }
  wake = wake && !sender_is_awake_;
  sender_is_awake_ = sender_is_awake_ || wake;
  return {Outcome::kAppended, wake, &topic, receipt};
}

void RecordAccumulator::wait_for_room(std::size_t bytes, Millis timeout,
                                      const std::function<void()>& wake_sender) {
  const std::size_t capacity = memory_of_a_batch(bytes);
  std::unique_lock lock(mutex_);
  ++waiting_for_room_;
  lock.unlock();
  wake_sender();
  lock.lock();
  room_made_->wait_for(lock, clock_, timeout, [&] {
    return closed_.has_value() || shut_.has_value() ||
           buffered_bytes_ + capacity <= config_.buffer_memory_bytes;
  });
  --waiting_for_room_;
}

void RecordAccumulator::finish(BatchId batch, std::size_t bytes) {
  bool someone_waits = false;
  {
    const std::lock_guard lock(mutex_);
    CHECK(bytes <= buffered_bytes_, "{} bytes released of {}", bytes, buffered_bytes_);
    buffered_bytes_ -= bytes;
    const auto entry = unfinished_.find(batch);
    CHECK(entry != unfinished_.end(), "batch {} is finished twice", batch.value());
    if (--entry->second == 0) unfinished_.erase(entry);
    someone_waits = waiting_for_room_ > 0;
  }
  if (someone_waits) room_made_->notify_all();
}

void RecordAccumulator::add_part(BatchId batch) {
  const std::lock_guard lock(mutex_);
  ++unfinished_.at(batch);
}

void RecordAccumulator::set_partition_count(ProducerTopic& topic, std::int32_t count) {
  const std::lock_guard lock(mutex_);
  // Never fewer: batches may wait in the last ones; the broker will say that they are gone.
  const auto wanted = static_cast<std::size_t>(count);
  if (wanted > topic.slots_.size()) topic.slots_.resize(wanted);
}

std::int32_t RecordAccumulator::partition_count(const ProducerTopic& topic) {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int32_t>(topic.slots_.size());
}

std::vector<LeavingBatch> RecordAccumulator::take_due(MonotonicTime now,
                                                      const IsHungry& is_hungry) {
  std::vector<LeavingBatch> leaving;
  const std::lock_guard lock(mutex_);
  sender_is_awake_ = false;
  const bool in_a_hurry =
      flushes_ > 0 || closed_.has_value() || shut_.has_value() || waiting_for_room_ > 0;
  std::vector<Filling> still_filling;
  for (const Filling& each : filling_) {
    ProducerTopic::Slot& slot =
        each.topic->slots_[static_cast<std::size_t>(each.partition.value())];
    bool is_closed_left = false;
    for (ProducerBatchPtr& batch : slot.closed) {
      leaving.push_back({each.topic, each.partition, std::move(batch)});
      is_closed_left = true;
    }
    slot.closed.clear();
    const bool has_lingered =
        slot.open != nullptr && (in_a_hurry || now >= slot.open->linger_until);
    if (has_lingered && !is_closed_left && is_hungry(*each.topic, each.partition)) {
      leaving.push_back({each.topic, each.partition, std::move(slot.open)});
    }
    if (slot.open != nullptr) still_filling.push_back(each);
  }
  filling_ = std::move(still_filling);
  return leaving;
}

std::optional<MonotonicTime> RecordAccumulator::next_linger_end(MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  std::optional<MonotonicTime> earliest;
  for (const Filling& each : filling_) {
    const auto& slot = each.topic->slots_[static_cast<std::size_t>(each.partition.value())];
    if (slot.open == nullptr) continue;
    const MonotonicTime end = slot.open->linger_until;
    if (end > now && (!earliest || end < *earliest)) earliest = end;
  }
  return earliest;
}

BatchId RecordAccumulator::begin_flush() {
  const std::lock_guard lock(mutex_);
  ++flushes_;
  return BatchId{next_batch_};
}

void RecordAccumulator::end_flush() {
  const std::lock_guard lock(mutex_);
  --flushes_;
}

bool RecordAccumulator::has_finished_before(BatchId end) {
  const std::lock_guard lock(mutex_);
  return unfinished_.empty() || unfinished_.begin()->first >= end;
}

std::size_t RecordAccumulator::buffered_bytes() {
  const std::lock_guard lock(mutex_);
  return buffered_bytes_;
}

bool RecordAccumulator::has_unfinished() {
  const std::lock_guard lock(mutex_);
  return !unfinished_.empty();
}

void RecordAccumulator::shut(Error reason) {
  {
    const std::lock_guard lock(mutex_);
    shut_ = std::move(reason);
  }
  room_made_->notify_all();
}

void RecordAccumulator::open() {
  const std::lock_guard lock(mutex_);
  shut_.reset();
}

void RecordAccumulator::close(Error reason) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) closed_ = std::move(reason);
  }
  room_made_->notify_all();
}

Error RecordAccumulator::why_closed() {
  const std::lock_guard lock(mutex_);
  if (closed_) return *closed_;
  return shut_.value_or(Error{ErrorCode::kClosed, "the producer was closed"});
}

}  // namespace millrace::client
