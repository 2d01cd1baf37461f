// DeliveryReporter: tells everybody who asked what became of a batch: callbacks, metrics, flush().
#pragma once

#include <utility>

#include "base/guarded.h"
#include "base/result.h"
#include "base/time.h"
#include "client/delivery.h"
#include "client/producer.h"
#include "client/producer/flush_list.h"
#include "client/producer/producer_batch.h"
#include "client/producer/record_accumulator.h"
#include "model/topic_partition.h"

namespace millrace::client {

/// Invariants: each record is told of once. A batch gives its memory back, and counts as finished,
/// before its callbacks run, so that they find room for records of their own. What a callback
/// throws ends there: flush() tells of it, and whoever comes after it is called all the same. A
/// failure is flush()'s to tell unless each of its records has somebody who waits for it in
/// send_and_wait().
/// thread  the loop's
class DeliveryReporter {
 public:
  DeliveryReporter(RecordAccumulator& accumulator, Guarded<ProducerMetrics>& metrics,
                   FlushList& flushes, DeliveryCallback on_delivery)
      : accumulator_(accumulator),
        metrics_(metrics),
        flushes_(flushes),
        on_delivery_(std::move(on_delivery)) {}

  /// What a broker said of a batch that it has.
  struct Written {
    Offset base_offset = kNoOffset;
    Timestamp log_append_time = kNoTimestamp;
  };
  void written(const TopicPartition& name, ProducerBatchPtr batch, Written where,
               MonotonicTime now);
  void failed(const TopicPartition& name, ProducerBatchPtr batch, Error error, MonotonicTime now);

 private:
  void tell(ProducerBatch& batch, const DeliveryReport& report);
  RecordAccumulator& accumulator_;
  Guarded<ProducerMetrics>& metrics_;
  FlushList& flushes_;
  const DeliveryCallback on_delivery_;
};

}  // namespace millrace::client
