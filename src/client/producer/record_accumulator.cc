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

ProducerBatchPtr RecordAccumulator::open_batch(std::size_t first_record_size,
                                               const Clock& clock) const {
  wire::BatchOptions options;
  options.compression = config_.compression;
  options.compression_level = config_.compression_level;
  const std::size_t capacity =
      std::max(config_.batch_size_bytes, first_record_size + wire::batch_format::kHeaderSize);
  auto batch = std::make_unique<ProducerBatch>(options, capacity);
  batch->created_at = clock.monotonic();
  return batch;
}

RecordAccumulator::Appended RecordAccumulator::append(ProducerTopic& topic,
                                                      const ProducerRecord& record,
                                                      Timestamp timestamp, const Clock& clock) {
  const std::size_t size =
      wire::RecordBatchBuilder::record_size_max(record.key, record.value, record.headers);
  const std::size_t size_alone = size + wire::batch_format::kHeaderSize;
  if (size_alone > config_.request_size_max || size_alone > config_.buffer_memory_bytes) {
    return {Outcome::kTooLarge};
  }

  const std::lock_guard lock(mutex_);
  if (closed_) return {Outcome::kClosed};
  if (topic.slots_.empty()) return {Outcome::kNoMetadata};
  if (buffered_bytes_ + size_alone > config_.buffer_memory_bytes) return {Outcome::kNoRoom};
  const PartitionId partition = choose_partition(topic, record, size);
  const auto index = static_cast<std::size_t>(partition.value());
  if (index >= topic.slots_.size()) return {Outcome::kNoSuchPartition};

  ProducerTopic::Slot& slot = topic.slots_[index];
  bool wake = false;
  if (slot.open != nullptr && slot.open->builder.size_bytes() + size > config_.batch_size_bytes) {
    slot.closed.push_back(std::move(slot.open));
    wake = true;
  }
  if (slot.open == nullptr) {
    if (slot.closed.empty()) filling_.push_back({&topic, partition});
    slot.open = open_batch(size, clock);
    wake = true;
  }
  wire::RecordBatchBuilder& builder = slot.open->builder;
  builder.append(timestamp, record.key, record.value, record.headers);
  slot.open->record_count = builder.count();
  buffered_bytes_ += builder.size_bytes() - slot.open->budget_bytes;
  slot.open->budget_bytes = builder.size_bytes();
  wake = wake && !sender_is_awake_;
  sender_is_awake_ = sender_is_awake_ || wake;
  return {Outcome::kAppended, wake};
}

void RecordAccumulator::wait_for_room(std::size_t bytes, Millis timeout) {
  std::unique_lock lock(mutex_);
  ++waiting_for_room_;
  room_made_->wait_for(lock, clock_, timeout, [&] {
    return closed_.has_value() || buffered_bytes_ + bytes <= config_.buffer_memory_bytes;
  });
  --waiting_for_room_;
}

void RecordAccumulator::release(std::size_t bytes) {
  bool someone_waits = false;
  {
    const std::lock_guard lock(mutex_);
    CHECK(bytes <= buffered_bytes_, "{} bytes released of {}", bytes, buffered_bytes_);
    buffered_bytes_ -= bytes;
    someone_waits = waiting_for_room_ > 0;
  }
  if (someone_waits) room_made_->notify_all();
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
  const bool in_a_hurry = flushing_ || closed_.has_value() || waiting_for_room_ > 0;
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
        slot.open != nullptr && (in_a_hurry || now - slot.open->created_at >= config_.linger);
    if (has_lingered && !is_closed_left && is_hungry(*each.topic, each.partition)) {
      leaving.push_back({each.topic, each.partition, std::move(slot.open)});
    }
    if (slot.open != nullptr) still_filling.push_back(each);
  }
  filling_ = std::move(still_filling);
  return leaving;
}

std::optional<MonotonicTime> RecordAccumulator::next_linger_end() {
  const std::lock_guard lock(mutex_);
  std::optional<MonotonicTime> earliest;
  for (const Filling& each : filling_) {
    const auto& slot = each.topic->slots_[static_cast<std::size_t>(each.partition.value())];
    if (slot.open == nullptr) continue;
    const MonotonicTime end = slot.open->created_at + config_.linger;
    if (!earliest || end < *earliest) earliest = end;
  }
  return earliest;
}

void RecordAccumulator::set_flushing(bool flushing) {
  const std::lock_guard lock(mutex_);
  flushing_ = flushing;
}

bool RecordAccumulator::empty() {
  const std::lock_guard lock(mutex_);
  return filling_.empty();
}

std::size_t RecordAccumulator::buffered_bytes() {
  const std::lock_guard lock(mutex_);
  return buffered_bytes_;
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
  return closed_.value_or(Error{ErrorCode::kClosed, "the producer was closed"});
}

}  // namespace millrace::client
