// ProducerBatch: records of one partition on their way: open, closed, sent, perhaps sent again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/buffer.h"
#include "base/time.h"
#include "model/ids.h"
#include "wire/record_batch_builder.h"

namespace millrace::client {

/// Who sends: what InitProducerId gave. Not idempotent: kNoProducerId.
struct ProducerIdentity {
  ProducerId id = kNoProducerId;
  ProducerEpoch epoch = kNoProducerEpoch;

  bool operator==(const ProducerIdentity&) const = default;
};

struct ProducerBatch {
  ProducerBatch(wire::BatchOptions options, std::size_t capacity_bytes)
      : builder(options, capacity_bytes) {}

  wire::RecordBatchBuilder builder;  // holds the records until they are encoded
  SharedBuffer encoded;              // then these bytes; null before the first try
  std::int32_t record_count = 0;
  std::size_t budget_bytes = 0;  // taken from buffer.memory until the batch is settled
  MonotonicTime created_at{};
  int attempts = 0;
  MonotonicTime retry_at{};
  std::string last_error = {};  // of the last try; empty before it failed
  /// Given with the first try and kept over retries, so that the broker knows a batch again.
  std::optional<std::int32_t> base_sequence;
  /// Ranks the batches of a partition; parts of a split batch stay in their place.
  std::uint64_t rank = 0;
  std::uint64_t rank_gap = 0;  // ranks up to rank + rank_gap are free
};

using ProducerBatchPtr = std::unique_ptr<ProducerBatch>;

}  // namespace millrace::client
