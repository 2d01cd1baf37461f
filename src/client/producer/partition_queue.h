// PartitionQueue: the closed batches of one partition, kept in order and written once although they
// are retried. Pure: it decides what is sent when, and what an answer means.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "client/cluster/backoff.h"
#include "client/producer/producer_batch.h"
#include "wire/error_codes.h"

namespace millrace::client {

struct PartitionQueueConfig {
  bool idempotent = true;
  bool transactional = false;  // only the transaction's end, not the producer, may bump the epoch
  std::size_t in_flight_max = 5;  // the broker remembers this many batches of a producer
  std::int32_t retries_max = INT32_MAX;
  Millis delivery_timeout{120'000};
  Backoff retry_backoff{Millis{100}, Millis{1000}};
};

/// What became of a batch after an answer.
enum class BatchVerdict {
  kRetry,   // back in the queue
  kSplit,   // too large for the broker: the caller cuts it in two and calls put_back()
  kFailed,  // the caller reports it
  kGone,    // the batch was taken out before its answer came, and reported then
};

/// One try to send one batch, never used again: what a request keeps instead of the batch, which
/// may be gone before the answer is there.
using TryId = StrongId<struct TryIdTag, std::uint64_t>;

/// What goes out with one try.
struct BatchTry {
  TryId id;
  SharedBuffer bytes;
  int number = 1;  // from 1: higher ones are retries
};

/// Invariants: batches leave in the order they came. At most in_flight_max are unanswered. With
/// idempotence a batch keeps its sequence over retries; only when the producer's epoch was bumped
/// for this partition, nothing is in flight, and the earliest batch is known not to be in the log,
/// are sequences given anew from 0. Then no later one is in the log either, as brokers take
/// sequences without holes; a batch that may be there would be written twice under a new number.
/// The queue alone owns its batches until it hands one over; others name them by their try.
class PartitionQueue {
 public:
  explicit PartitionQueue(const PartitionQueueConfig& config) : config_(config) {}

  void push(ProducerBatchPtr batch);

  /// The batch to send now under `current`, encoded and moved to in flight; nothing when none may
  /// be sent.
  std::optional<BatchTry> take(const ProducerIdentity& current, MonotonicTime now);
  /// When take() may succeed although it does not now and no answer arrives: end of a backoff.
  std::optional<MonotonicTime> next_retry() const;
  /// When expire() may find something.
  std::optional<MonotonicTime> next_expiry() const;

  /// The broker has it: the batch leaves the queue. Null when it was taken out before.
  ProducerBatchPtr settle(TryId id);
  /// The broker refused it, or nobody answered (`error` is not kKafka then). With kRetry the batch
  /// is queued again; with kSplit and kFailed it is handed to the caller.
  struct Failure {
    BatchVerdict verdict;
    ProducerBatchPtr batch;
  };
  enum class Again { kAfterBackoff, kAtOnce };
  Failure fail(TryId id, const Error& error, MonotonicTime now, Random& random,
               Again again = Again::kAfterBackoff);
  /// Queues the parts of a split batch, which keep its place and its sequences.
  void put_back(ProducerBatchPtr whole, std::vector<ProducerBatchPtr> parts);
  /// Takes out what has waited for longer than delivery_timeout.
  std::vector<ProducerBatchPtr> expire(MonotonicTime now);
  /// Takes out what is not in flight.
  std::vector<ProducerBatchPtr> drain_waiting();
  /// Takes out everything, in flight or not. Answers to what was in flight find nothing then.
  std::vector<ProducerBatchPtr> drain();

  /// Sequences have a hole that only a new epoch closes; until identity() differs from the
  /// producer's current one, the producer has to bump its epoch.
  bool needs_new_epoch() const { return needs_new_epoch_; }
  const ProducerIdentity& identity() const { return identity_; }
  bool empty() const { return waiting_.empty() && in_flight_.empty(); }
  std::size_t in_flight_count() const { return in_flight_.size(); }
  std::size_t waiting_count() const { return waiting_.size(); }

 private:
  struct InFlight {
    TryId id;
    ProducerBatchPtr batch;
  };
  bool may_send(const ProducerBatch& batch) const;
  void adopt(const ProducerIdentity& current);
  void stamp(ProducerBatch& batch);
  void encode(ProducerBatch& batch);
  ProducerBatchPtr remove_in_flight(TryId id);
  void requeue(ProducerBatchPtr batch);
  bool is_earliest(const ProducerBatch& batch) const;
  bool may_retry(const ProducerBatch& batch, const Error& error, MonotonicTime now) const;

  PartitionQueueConfig config_;
  std::deque<ProducerBatchPtr> waiting_;  // by rank
  std::vector<InFlight> in_flight_;       // by rank
  ProducerIdentity identity_;
  std::int32_t next_sequence_ = 0;
  std::uint64_t next_rank_ = 0;
  std::uint64_t next_try_ = 0;
  bool needs_new_epoch_ = false;
};

}  // namespace millrace::client
