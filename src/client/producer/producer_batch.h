// ProducerBatch: records of one partition on their way: open, closed, sent, perhaps sent again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/buffer_pool.h"
#include "base/time.h"
#include "client/delivery.h"
#include "model/ids.h"
#include "wire/record_batch_builder.h"

namespace millrace::client {

/// Who sends: what InitProducerId gave. Not idempotent: kNoProducerId.
struct ProducerIdentity {
  ProducerId id = kNoProducerId;
  ProducerEpoch epoch = kNoProducerEpoch;

  bool operator==(const ProducerIdentity&) const = default;
};

/// Somebody who wants to know the fate of one record.
struct RecordWaiter {
  enum class Kind { kListens, kAwaits };  // with a callback, or in send_and_wait()

  std::int32_t index;  // of the record among those of its batch
  Timestamp timestamp;
  RecordCallback tell;
  Kind kind = Kind::kListens;
};

struct ProducerBatch {
  ProducerBatch(wire::BatchOptions options, std::size_t capacity_bytes,
                std::shared_ptr<BufferPool> memory_to_use);
  /// Makes `encoded` of the records, unless there is one. At least one must have been appended.
  void encode();

  BatchId id;  // parts of a split batch keep it
  const std::shared_ptr<BufferPool> memory;
  std::int32_t first_index = 0;      // of the first record among those that the batch once had
  wire::RecordBatchBuilder builder;  // holds the records until they are encoded
  SharedBuffer encoded;              // then these bytes; null before the first try
  std::int32_t record_count = 0;
  std::vector<RecordWaiter> waiters;  // by index; takes no memory while nobody asks
  std::size_t budget_bytes = 0;       // its memory, of buffer.memory, until it is settled
  MonotonicTime created_at{};
  MonotonicTime linger_until{};
  int attempts = 0;
  MonotonicTime retry_at{};
  std::string last_error = {};  // of the last try; empty before it failed
  /// A try went unanswered: the batch may be in the log. Only the broker can tell, by how it takes
  /// the batch under the same sequence.
  bool may_be_written = false;
  /// Given with the first try and kept over retries, so that the broker knows a batch again.
  std::optional<std::int32_t> base_sequence;
  /// Ranks the batches of a partition; parts of a split batch stay in their place.
  std::uint64_t rank = 0;
  std::uint64_t rank_gap = 0;  // ranks up to rank + rank_gap are free
};

using ProducerBatchPtr = std::unique_ptr<ProducerBatch>;

/// Reads the records back out of an encoded batch of two or more, and deals them onto two that hold
/// one half each, for a broker that found the whole too large. The waiters go with their records.
/// capacity_bytes  memory that each half takes at first
std::vector<ProducerBatchPtr> halves_of(ProducerBatch& batch, std::size_t capacity_bytes);

}  // namespace millrace::client
