#include "streams/runtime/producer_collector.h"

#include <algorithm>
#include <utility>

#include "client/partitioner.h"

namespace millrace::streams {

void AcknowledgedEnds::note(const client::DeliveryReport& report) {
  if (!report.status.ok() || report.base_offset == kNoOffset) return;
  const Offset end = report.base_offset + report.record_count;
  ends_.with([&](auto& ends) {
    Offset& known =
        ends.try_emplace({std::string(report.topic), report.partition}, kNoOffset).first->second;
    known = std::max(known, end);
  });
}

Offset AcknowledgedEnds::end(const TopicPartition& partition) const {
  return ends_.with([&](const auto& ends) {
    const auto found = ends.find(partition);
    return found == ends.end() ? kNoOffset : found->second;
  });
}

OutputTopic ProducerCollector::topic(std::string_view name) {
  if (const auto known = ids_.find(name); known != ids_.end()) return known->second;
  const OutputTopic id{static_cast<std::int32_t>(targets_.size())};
  targets_.push_back({std::string(name), producer_.topic(name)});
  ids_.emplace(name, id);
  return id;
}

void ProducerCollector::send(OutputTopic topic, const OutputRecord& record) {
  if (failure_) return;
  Target& target = targets_[static_cast<std::size_t>(topic.value())];
  const auto partition = place(target, record);
  if (failure_) return;
  const auto sent = producer_.send(target.handle, {.topic = target.name,
                                                   .partition = partition,
                                                   .key = record.key,
                                                   .value = record.value,
                                                   .headers = record.headers,
                                                   .timestamp = record.timestamp});
  if (!sent.ok()) failure_ = Error(sent.error()).with_context("sending to " + target.name);
}

/// Where a record goes when the producer, who sees only its key, would place it elsewhere.
std::optional<PartitionId> ProducerCollector::place(Target& target, const OutputRecord& record) {
  if (record.partition || !record.partition_key) return record.partition;
  if (target.partition_count == 0) {
    auto count = producer_.partition_count(target.name);
    if (!count.ok()) {
      failure_ = std::move(count).error().with_context("sending to " + target.name);
      return std::nullopt;
    }
    target.partition_count = *count;
  }
  return client::partition_for_key(*record.partition_key, target.partition_count);
}

Offset ProducerCollector::acknowledged_end(OutputTopic topic, PartitionId partition) const {
  return ends_.end({targets_[static_cast<std::size_t>(topic.value())].name, partition});
}

Status ProducerCollector::flush() {
  if (failure_) return Error(*failure_);
  return producer_.flush();
}

}  // namespace millrace::streams
