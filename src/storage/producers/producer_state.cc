#include "storage/producers/producer_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/probe.h"
#include "base/saturating.h"
#include "wire/error_codes.h"

namespace millrace::storage {
namespace {

using wire::KafkaError;

Error out_of_order(const wire::BatchHeader& header, std::string_view wanted) {
  return wire::make_error(
      KafkaError::kOutOfOrderSequenceNumber,
      fmt::format("producer {} epoch {}: wanted {}, found sequence {}", header.producer_id,
                  header.producer_epoch, wanted, header.base_sequence));
}

AppendedBatch appended_batch(const wire::BatchHeader& header) {
  return {header.base_sequence, header.last_sequence(), header.base_offset, header.last_offset(),
          header.max_timestamp};
}

Error older_epoch(const wire::BatchHeader& header, ProducerEpoch seen) {
  return wire::make_error(KafkaError::kInvalidProducerEpoch,
                          fmt::format("producer {} sent epoch {}, the log has seen {}",
                                      header.producer_id, header.producer_epoch, seen));
}

}  // namespace

std::optional<AppendedBatch> ProducerEntry::find(const wire::BatchHeader& header) const {
  if (header.producer_epoch != epoch) return std::nullopt;
  for (std::size_t i = 0; i < batch_count; ++i) {
    if (batches[i].first_sequence == header.base_sequence &&
        batches[i].last_sequence == header.last_sequence()) {
      return batches[i];
    }
  }
  return std::nullopt;
}

void ProducerEntry::begin_epoch(ProducerEpoch next) {
  if (epoch == next) return;
  epoch = next;
  batch_count = 0;
}

std::int32_t ProducerEntry::last_sequence() const {
  return batch_count == 0 ? -1 : batches[batch_count - 1].last_sequence;
}

void ProducerEntry::remember(const AppendedBatch& batch) {
  if (batch_count == kBatchesRemembered) {
    std::move(batches.begin() + 1, batches.end(), batches.begin());
    --batch_count;
  }
  batches[batch_count++] = batch;
}

void ProducerEntry::remember_older(const AppendedBatch& batch) {
  if (batch_count == 0 || batch_count == kBatchesRemembered) return;
  const AppendedBatch& oldest = batches[0];
  const bool is_followed = batch.last_offset < oldest.base_offset &&
                           wire::sequence_after(batch.last_sequence, 1) == oldest.first_sequence;
  if (!is_followed) return;
  const auto end = batches.begin() + static_cast<std::ptrdiff_t>(batch_count);
  std::move_backward(batches.begin(), end, end + 1);
  batches[0] = batch;
  ++batch_count;
}

bool ProducerEntry::operator==(const ProducerEntry& other) const {
  return epoch == other.epoch && coordinator_epoch == other.coordinator_epoch &&
         last_timestamp == other.last_timestamp && transaction_start == other.transaction_start &&
         std::equal(batches.begin(), batches.begin() + static_cast<std::ptrdiff_t>(batch_count),
                    other.batches.begin(),
                    other.batches.begin() + static_cast<std::ptrdiff_t>(other.batch_count));
}

Result<std::optional<AppendedBatch>> ProducerStates::check(const wire::BatchHeader& header,
                                                           const AppendAs& as) const {
  std::optional<AppendedBatch> repeats;
  if (!header.has_producer()) return repeats;
  const auto found = entries_.find(header.producer_id);
  const ProducerEntry* const entry = found == entries_.end() ? nullptr : &found->second;
  if (entry != nullptr && as.origin == AppendOrigin::kClient) repeats = entry->find(header);
  if (repeats) return repeats;

  if (header.is_transactional()) {
    if (Status status = check_verified(header, as); !status.ok()) return std::move(status).error();
  }
  if (entry != nullptr && header.producer_epoch < entry->epoch) {
    return older_epoch(header, entry->epoch);
  }
  if (as.origin == AppendOrigin::kClient) {
    if (Status status = check_sequence(header, entry); !status.ok()) {
      return std::move(status).error();
    }
  }
  if (entry != nullptr && entry->transaction_start && !header.is_transactional()) {
    return wire::make_error(
        KafkaError::kInvalidTxnState,
        fmt::format("producer {} sent a plain batch inside its transaction", header.producer_id));
  }
  return repeats;
}

/// Between a coordinator's word and the append a marker may have ended the transaction, and another
/// one begun that the coordinator was not asked about: the guard tells.
Status ProducerStates::check_verified(const wire::BatchHeader& header, const AppendAs& as) const {
  if (has_open_transaction(header.producer_id, header.producer_epoch)) return {};
  const auto* const verification = verifications_.find(header.producer_id);
  if (verification != nullptr && verification->guard == as.guard) return {};
  PROBE("storage: a transactional batch that nobody vouches for was refused");
  return wire::make_error(
      KafkaError::kInvalidTxnState,
      fmt::format("producer {} epoch {} has no transaction open here, and none was verified",
                  header.producer_id, header.producer_epoch));
}

/// entry  null: the producer is unknown, and may begin anywhere
Status ProducerStates::check_sequence(const wire::BatchHeader& header,
                                      const ProducerEntry* entry) const {
  if (const auto* const verification = verifications_.find(header.producer_id)) {
    const bool has_batches = entry != nullptr && entry->batch_count > 0;
    if (verification->epoch_bump == EpochBump::kYes && !has_batches && header.base_sequence != 0) {
      return out_of_order(header, "a transaction of a producer without batches to begin at 0");
    }
    if (header.base_sequence > verification->lowest_sequence) {
      return out_of_order(header, fmt::format("sequence {}, which is being verified,",
                                              verification->lowest_sequence));
    }
  }
  if (entry == nullptr) return {};
  if (header.producer_epoch != entry->epoch) {
    if (header.base_sequence == 0) return {};
    return out_of_order(header, "a new epoch to begin at sequence 0");
  }
  // Without a batch remembered (only a transaction marker so far) the sequence begins at 0.
  const std::int32_t expected =
      entry->batch_count == 0 ? 0 : wire::sequence_after(entry->last_sequence(), 1);
  if (header.base_sequence == expected) return {};
  PROBE("storage: a batch out of sequence was refused");
  return out_of_order(header, fmt::format("sequence {}", expected));
}

Status ProducerStates::check_marker(const wire::BatchHeader& header,
                                    const wire::TransactionEnd& end,
                                    wire::TransactionVersion version) const {
  const auto found = entries_.find(header.producer_id);
  if (found == entries_.end()) return {};
  const ProducerEntry& entry = found->second;
  if (header.producer_epoch < entry.epoch) return older_epoch(header, entry.epoch);
  if (version >= wire::TransactionVersion::k2 && header.producer_epoch == entry.epoch) {
    // The same one again is welcome, and so is the last epoch there is, which nobody can raise.
    const bool may_be_equal =
        !entry.transaction_start || header.producer_epoch == ProducerEpoch{INT16_MAX};
    if (!may_be_equal) return older_epoch(header, entry.epoch);
  }
  if (end.coordinator_epoch < entry.coordinator_epoch) {
    return wire::make_error(
        KafkaError::kTransactionCoordinatorFenced,
        fmt::format("producer {}: a marker of coordinator epoch {}, the log has seen {}",
                    header.producer_id, end.coordinator_epoch, entry.coordinator_epoch));
  }
  return {};
}

void ProducerStates::apply(const wire::BatchHeader& header) {
  if (!header.has_producer()) return;
  ProducerEntry& entry = entries_[header.producer_id];
  entry.begin_epoch(header.producer_epoch);
  entry.silent_since.reset();
  entry.last_timestamp = header.max_timestamp;
  entry.remember(appended_batch(header));
  if (!header.is_transactional()) return;
  verifications_.end(header.producer_id);
  if (entry.transaction_start) return;
  entry.transaction_start = header.base_offset;
  open_transactions_.insert(header.base_offset);
}

std::optional<EndedTransaction> ProducerStates::apply_marker(const wire::BatchHeader& header,
                                                             const wire::TransactionEnd& end) {
  ProducerEntry& entry = entries_[header.producer_id];
  entry.begin_epoch(header.producer_epoch);
  entry.coordinator_epoch = end.coordinator_epoch;
  entry.silent_since.reset();
  entry.last_timestamp = header.max_timestamp;
  verifications_.end(header.producer_id);
  if (!entry.transaction_start) return std::nullopt;
  const Offset first = *std::exchange(entry.transaction_start, std::nullopt);
  open_transactions_.erase(first);
  return EndedTransaction{header.producer_id, first, header.base_offset, end.result};
}

AbortedTransaction ProducerStates::aborted(const EndedTransaction& ended) const {
  const Offset unstable = first_unstable();
  return {ended.producer_id, ended.first_offset, ended.last_offset,
          unstable == kNoOffset ? ended.last_offset + 1 : unstable};
}

bool ProducerStates::has_open_transaction(ProducerId id, ProducerEpoch epoch) const {
  const auto found = entries_.find(id);
  return found != entries_.end() && found->second.transaction_start && found->second.epoch == epoch;
}

std::optional<VerificationGuard> ProducerStates::begin_verification(ProducerId id,
                                                                    ProducerEpoch epoch,
                                                                    std::int32_t first_sequence,
                                                                    EpochBump epoch_bump,
                                                                    Timestamp now) {
  if (has_open_transaction(id, epoch)) return std::nullopt;
  return verifications_.begin(id, epoch, first_sequence, epoch_bump, now);
}

void ProducerStates::restore(ProducerId id, const ProducerEntry& entry) {
  ProducerEntry& known = entries_[id];
  if (known.transaction_start) open_transactions_.erase(*known.transaction_start);
  known = entry;
  if (known.transaction_start) open_transactions_.insert(*known.transaction_start);
}

bool ProducerStates::lacks_batches(Offset since) const {
  return std::any_of(entries_.begin(), entries_.end(), [since](const auto& each) {
    const ProducerEntry& entry = each.second;
    if (entry.batch_count == 0 || entry.batch_count == kBatchesRemembered) return false;
    // Sequences begin at 0: nothing came before.
    return entry.batches[0].first_sequence > 0 &&
           entry.batches[entry.batch_count - 1].last_offset >= since;
  });
}

void ProducerStates::apply_older(const wire::BatchHeader& header) {
  if (!header.has_producer() || header.is_control()) return;
  const auto found = entries_.find(header.producer_id);
  if (found == entries_.end() || found->second.epoch != header.producer_epoch) return;
  found->second.remember_older(appended_batch(header));
}

void ProducerStates::expire(Timestamp now, Millis expiration) {
  for (auto each = entries_.begin(); each != entries_.end();) {
    ProducerEntry& entry = each->second;
    if (!entry.silent_since) entry.silent_since = now;
    const bool is_old =
        !entry.transaction_start && millis_between(*entry.silent_since, now) >= expiration.count();
    each = is_old ? entries_.erase(each) : std::next(each);
  }
  verifications_.expire(now, expiration);
}

}  // namespace millrace::storage
