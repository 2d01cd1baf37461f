// RetainedBatch: a batch that keeps some records of another, as compaction leaves it: with that
// one's offsets, producer, sequences, times and codec. It may keep none.
#pragma once

#include <cstdint>
#include <optional>

#include "base/buffer.h"
#include "base/result.h"
#include "model/record.h"
#include "wire/batch_header.h"
#include "wire/compression.h"

namespace millrace::wire {

/// When tombstones and markers in the batch may go; nothing where none waits for that.
std::optional<Timestamp> delete_horizon(const BatchHeader& header);

/// Invariants
///   Base offset, last offset, leader epoch, producer and base sequence are the original's.
///   A delete horizon stands where the base timestamp stood, and timestamps count from it.
/// source  KIP-534; Kafka's MemoryRecords.filterTo
class RetainedBatch {
 public:
  /// horizon  that of the batch to come; nothing for none
  RetainedBatch(const BatchHeader& original, std::optional<Timestamp> horizon);

  /// Appends one of the original's records; in order.
  void keep(const RecordView& record);
  std::int32_t count() const { return count_; }
  /// The batch, compressed as the original was. One without records is its header alone.
  /// errors  kTooLarge: the records exceed what the codec can take
  Result<Buffer> build(CompressionLevel level);

 private:
  BatchHeader header_;
  Buffer plain_;
  std::int32_t count_ = 0;
  Timestamp max_timestamp_ = kNoTimestamp;
};

}  // namespace millrace::wire
