#include "client/producer/partition_queue.h"

#include <algorithm>

#include "base/check.h"
#include "base/probe.h"
#include "wire/batch_header.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

/// Whether a try that ended so may have put its batch into the log.
bool may_have_written(const Error& error) {
  if (error.code != ErrorCode::kKafka) return true;  // nobody answered
  const KafkaError code = wire::kafka_error_of(error);
  return code == KafkaError::kRequestTimedOut || code == KafkaError::kNotEnoughReplicasAfterAppend;
}

constexpr std::uint64_t kRankStep = std::uint64_t{1} << 24U;  // a batch can be halved 24 times

}  // namespace

void PartitionQueue::push(ProducerBatchPtr batch) {
  batch->rank = next_rank_;
  batch->rank_gap = kRankStep - 1;
  next_rank_ += kRankStep;
  waiting_.push_back(std::move(batch));
}

std::optional<BatchTry> PartitionQueue::take(const ProducerIdentity& current, MonotonicTime now) {
  if (waiting_.empty() || in_flight_.size() >= config_.in_flight_max) return std::nullopt;
  if (config_.idempotent) adopt(current);
  ProducerBatch& batch = *waiting_.front();
  if (now < batch.retry_at || !may_send(batch)) return std::nullopt;

  if (config_.idempotent && !batch.base_sequence) {
    batch.base_sequence = next_sequence_;
    next_sequence_ = wire::sequence_after(next_sequence_, batch.record_count);
    stamp(batch);
  } else {
    encode(batch);
  }
  ++batch.attempts;
  const BatchTry made{TryId{next_try_++}, batch.encoded, batch.attempts};
  const auto place = std::find_if(in_flight_.begin(), in_flight_.end(), [&](const InFlight& each) {
    return each.batch->rank > batch.rank;
  });
  in_flight_.insert(place, {made.id, std::move(waiting_.front())});
  waiting_.pop_front();
  return made;
}

// A new identity begins at sequence 0, so nothing numbered under the old one may be outstanding,
// unless the old numbers are known to be useless.
void PartitionQueue::adopt(const ProducerIdentity& current) {
  if (identity_ == current || !in_flight_.empty()) return;
  const ProducerBatch& earliest = *waiting_.front();
  if (earliest.base_sequence && (!needs_new_epoch_ || earliest.may_be_written)) return;
  if (identity_.id != kNoProducerId) PROBE("client: batches were numbered anew under a new epoch");
  for (const auto& batch : waiting_) {
    batch->base_sequence.reset();
    batch->may_be_written = false;
  }
  identity_ = current;
  next_sequence_ = 0;
  needs_new_epoch_ = false;
}

bool PartitionQueue::may_send(const ProducerBatch& batch) const {
  if (!config_.idempotent) return true;
  if (identity_.id == kNoProducerId) return false;
  // Under its old number: the answer tells whether it is in the log.
  if (needs_new_epoch_) return batch.base_sequence && batch.may_be_written && in_flight_.empty();
  // A retry waits until nothing before it is unanswered: if that failed too, order would be lost.
  return !batch.base_sequence || in_flight_.empty() || batch.rank < in_flight_.front().batch->rank;
}

// Gives the batch its sequence under the identity in force; bytes of an earlier try may still be on
// their way to a socket, so they are not touched.
void PartitionQueue::stamp(ProducerBatch& batch) {
  if (batch.encoded == nullptr) return encode(batch);
  Buffer bytes = batch.memory->take(batch.encoded->size());
  bytes.append(batch.encoded->view());
  wire::patch_producer(bytes.data(), bytes.size(), identity_.id, identity_.epoch,
                       *batch.base_sequence);
  batch.encoded = BufferPool::share(batch.memory, std::move(bytes));
}

void PartitionQueue::encode(ProducerBatch& batch) {
  if (batch.encoded != nullptr) return;
  batch.builder.set_producer(identity_.id, identity_.epoch, batch.base_sequence.value_or(-1));
  batch.encode();
}

ProducerBatchPtr PartitionQueue::remove_in_flight(TryId id) {
  const auto found = std::find_if(in_flight_.begin(), in_flight_.end(),
                                  [&](const InFlight& each) { return each.id == id; });
  if (found == in_flight_.end()) return nullptr;
  ProducerBatchPtr taken = std::move(found->batch);
  in_flight_.erase(found);
  return taken;
}

ProducerBatchPtr PartitionQueue::settle(TryId id) {
  return remove_in_flight(id);
}

void PartitionQueue::requeue(ProducerBatchPtr batch) {
  const auto place = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const auto& each) { return each->rank > batch->rank; });
  waiting_.insert(place, std::move(batch));
}

bool PartitionQueue::is_earliest(const ProducerBatch& batch) const {
  const auto comes_before = [&](const ProducerBatchPtr& each) { return each->rank < batch.rank; };
  return std::none_of(in_flight_.begin(), in_flight_.end(),
                      [&](const InFlight& each) { return comes_before(each.batch); }) &&
         std::none_of(waiting_.begin(), waiting_.end(), comes_before);
}

bool PartitionQueue::may_retry(const ProducerBatch& batch, const Error& error,
                               MonotonicTime now) const {
  if (now - batch.created_at >= config_.delivery_timeout) return false;
  if (batch.attempts > config_.retries_max) return false;
  const wire::ErrorClass error_class = wire::error_class(error);
  if (error_class != wire::ErrorClass::kNewEpoch) return wire::is_retriable(error_class);
  if (!config_.transactional) return config_.idempotent;
  return wire::kafka_error_of(error) == KafkaError::kOutOfOrderSequenceNumber &&
         !is_earliest(batch);
}

PartitionQueue::Failure PartitionQueue::fail(TryId id, const Error& error, MonotonicTime now,
                                             Random& random, Again again) {
  const KafkaError code = wire::kafka_error_of(error);
  const bool asks_for_epoch = wire::error_class(error) == wire::ErrorClass::kNewEpoch;
  ProducerBatchPtr taken = remove_in_flight(id);
  if (taken == nullptr) return {BatchVerdict::kGone, nullptr};
  if (code == KafkaError::kMessageTooLarge && taken->record_count > 1 && taken->rank_gap > 0) {
    return {BatchVerdict::kSplit, std::move(taken)};
  }
  if (may_have_written(error)) {
    taken->may_be_written = true;
  } else if (asks_for_epoch) {
    taken->may_be_written = false;  // the broker would have known it among its last ones
  }
  if (!may_retry(*taken, error, now)) {
    if (taken->base_sequence) needs_new_epoch_ = true;
    return {BatchVerdict::kFailed, std::move(taken)};
  }

  // Out of order behind a batch that failed is what was to be expected; out of order in front says
  // that the broker has forgotten or never had what was acknowledged.
  const bool is_behind_another = code == KafkaError::kOutOfOrderSequenceNumber;
  const bool is_lost = asks_for_epoch && (!is_behind_another || is_earliest(*taken));
  if (is_lost) {
    PROBE("client: a producer's sequence was not known to the broker");
    needs_new_epoch_ = true;
  }
  taken->retry_at = is_behind_another || again == Again::kAtOnce
                        ? now
                        : now + next_delay(config_.retry_backoff, taken->attempts - 1, random);
  taken->last_error = error.message;
  requeue(std::move(taken));
  return {BatchVerdict::kRetry, nullptr};
}

void PartitionQueue::put_back(ProducerBatchPtr whole, std::vector<ProducerBatchPtr> parts) {
  std::uint64_t rank = whole->rank;
  std::optional<std::int32_t> sequence = whole->base_sequence;
  const std::uint64_t gap = whole->rank_gap / parts.size();
  for (ProducerBatchPtr& part : parts) {
    part->rank = rank;
    part->rank_gap = gap > 0 ? gap - 1 : 0;
    part->base_sequence = sequence;
    part->created_at = whole->created_at;
    part->attempts = whole->attempts;
    rank += gap;
    if (sequence) sequence = wire::sequence_after(*sequence, part->record_count);
    requeue(std::move(part));
  }
}

std::vector<ProducerBatchPtr> PartitionQueue::expire(MonotonicTime now) {
  std::vector<ProducerBatchPtr> expired;
  while (!waiting_.empty() && now - waiting_.front()->created_at >= config_.delivery_timeout) {
    if (waiting_.front()->base_sequence) needs_new_epoch_ = true;
    expired.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return expired;
}

std::vector<ProducerBatchPtr> PartitionQueue::drain_waiting() {
  std::vector<ProducerBatchPtr> all;
  for (ProducerBatchPtr& batch : waiting_) {
    if (batch->base_sequence) needs_new_epoch_ = true;
    all.push_back(std::move(batch));
  }
  waiting_.clear();
  return all;
}

std::vector<ProducerBatchPtr> PartitionQueue::drain() {
  std::vector<ProducerBatchPtr> all;
  for (InFlight& each : in_flight_) all.push_back(std::move(each.batch));
  for (ProducerBatchPtr& batch : waiting_) all.push_back(std::move(batch));
  in_flight_.clear();
  waiting_.clear();
  return all;
}

std::optional<MonotonicTime> PartitionQueue::next_retry() const {
  if (waiting_.empty() || waiting_.front()->retry_at == MonotonicTime{}) return std::nullopt;
  return waiting_.front()->retry_at;
}

std::optional<MonotonicTime> PartitionQueue::next_expiry() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.front()->created_at + config_.delivery_timeout;
}

}  // namespace millrace::client
