#include "client/producer/delivery_reporter.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/fence.h"

namespace millrace::client {
namespace {

DeliveryReport report_of(const TopicPartition& name, const ProducerBatch& batch,
                         MonotonicTime now) {
  DeliveryReport report;
  report.topic = name.topic;
  report.partition = name.partition;
  report.batch = batch.id;
  report.first_index = batch.first_index;
  report.record_count = batch.record_count;
  report.latency = std::chrono::duration_cast<Millis>(now - batch.created_at);
  return report;
}

Result<RecordMetadata> fate_of(const RecordWaiter& waiter, const DeliveryReport& report) {
  if (!report.status.ok()) return report.status.error();
  RecordMetadata metadata;
  metadata.partition = report.partition;
  if (report.base_offset != kNoOffset) metadata.offset = report.base_offset + waiter.index;
  metadata.timestamp =
      report.log_append_time == kNoTimestamp ? waiter.timestamp : report.log_append_time;
  return metadata;
}

bool is_awaited_throughout(const ProducerBatch& batch) {
  const auto awaited = std::count_if(
      batch.waiters.begin(), batch.waiters.end(),
      [](const RecordWaiter& waiter) { return waiter.kind == RecordWaiter::Kind::kAwaits; });
  return awaited == batch.record_count;
}

}  // namespace

void DeliveryReporter::written(const TopicPartition& name, ProducerBatchPtr batch, Written where,
                               MonotonicTime now) {
  DeliveryReport report = report_of(name, *batch, now);
  report.base_offset = where.base_offset;
  report.log_append_time = where.log_append_time;
  metrics_.with([&](ProducerMetrics& metrics) {
    metrics.batches_sent += 1;
    metrics.records_sent += static_cast<std::uint64_t>(batch->record_count);
  });
  tell(*batch, report);
}

void DeliveryReporter::failed(const TopicPartition& name, ProducerBatchPtr batch, Error error,
                              MonotonicTime now) {
  batch->encode();
  DeliveryReport report = report_of(name, *batch, now);
  report.status = std::move(error);
  report.failed_batch = batch->encoded->view();
  metrics_.with([&](ProducerMetrics& metrics) {
    metrics.records_failed += static_cast<std::uint64_t>(batch->record_count);
  });
  if (!is_awaited_throughout(*batch)) flushes_.fail(batch->id, report.status.error());
  tell(*batch, report);
}

void DeliveryReporter::tell(ProducerBatch& batch, const DeliveryReport& report) {
  accumulator_.finish(batch.id, batch.budget_bytes);
  const auto note = [&](const Status& called) {
    if (!called.ok()) flushes_.fail(batch.id, called.error());
  };
  for (const RecordWaiter& waiter : batch.waiters) {
    note(fenced("a record's delivery callback", [&] { waiter.tell(fate_of(waiter, report)); }));
  }
  if (on_delivery_) note(fenced("the delivery callback", [&] { on_delivery_(report); }));
}

}  // namespace millrace::client
