// What became of records that a producer took: for each batch, for each record, or looked up by the
// receipt that send() gave.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "model/ids.h"

namespace millrace::client {

/// Names one batch of a producer, over all its topics. Counts up in the order in which batches were
/// begun.
using BatchId = StrongId<struct BatchIdTag, std::uint64_t>;

/// Where a record waits: the index-th of those that `batch` took. The DeliveryReport that covers()
/// it tells its fate.
struct SendReceipt {
  PartitionId partition;
  BatchId batch;
  std::int32_t index = 0;

  bool operator==(const SendReceipt&) const = default;
};

/// Where a record stands in the log.
struct RecordMetadata {
  PartitionId partition;
  /// kNoOffset with acks=0, and when the broker only said that it has the record already.
  Offset offset = kNoOffset;
  /// As it is in the log: the record's own, or the broker's with message.timestamp.type
  /// LogAppendTime.
  Timestamp timestamp = kNoTimestamp;
};

/// What became of records that went to one partition together: a batch, or a part of one that was
/// too large for the broker. Views live as long as the call.
struct DeliveryReport {
  std::string_view topic;
  PartitionId partition;
  BatchId batch;
  std::int32_t first_index = 0;  // in the batch; above 0 in the later parts of one that was split
  std::int32_t record_count = 0;
  Offset base_offset = kNoOffset;  // of the first record; unknown with acks=0
  Timestamp log_append_time = kNoTimestamp;
  Status status;
  /// When the records were not written: their encoded batch, for a dead letter or a retry by hand.
  std::string_view failed_batch = {};
  Millis latency{0};  // from the first record's send()

  /// Whether the record of this receipt is among those told of. Of the producer that gave it.
  bool covers(const SendReceipt& receipt) const {
    return receipt.batch == batch && receipt.index >= first_index &&
           receipt.index - first_index < record_count;
  }
  /// The offset of a record that this covers; kNoOffset when it was not written, or is not known.
  Offset offset_of(const SendReceipt& receipt) const {
    return base_offset == kNoOffset ? kNoOffset : base_offset + (receipt.index - first_index);
  }
};

// Both kinds of callback run on the producer's I/O thread, so they must not be slow: nothing is
// sent or received meanwhile. They may call send(), which then does not wait: what would have to
// wait fails with kTimeout at once. flush(), close() and send_and_wait() refuse to be called there,
// with kInvalidArgument. What they throw is told by the next flush() or close(), as kThrown; the
// record stays what it was, and the other callbacks are called all the same.

/// Called once for each report.
using DeliveryCallback = std::function<void(const DeliveryReport&)>;

/// Called once, with where the record is or why it was not written; before the report of its batch,
/// and in the order of the batch.
using RecordCallback = std::function<void(const Result<RecordMetadata>&)>;

}  // namespace millrace::client
