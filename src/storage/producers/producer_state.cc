#include "storage/producers/producer_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

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

}  // namespace

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
                                                           AppendOrigin origin) const {
  std::optional<AppendedBatch> repeats;
  if (!header.has_producer()) return repeats;
  const auto found = entries_.find(header.producer_id);
  if (found == entries_.end()) return repeats;  // unknown: any sequence may begin here
  const ProducerEntry& entry = found->second;

  if (header.producer_epoch < entry.epoch) {
    return wire::make_error(KafkaError::kInvalidProducerEpoch,
                            fmt::format("producer {} sent epoch {}, the log has seen {}",
                                        header.producer_id, header.producer_epoch, entry.epoch));
  }
  if (header.is_control()) return repeats;
  if (origin == AppendOrigin::kClient) {
    if (header.producer_epoch != entry.epoch) {
      if (header.base_sequence != 0)
        return out_of_order(header, "a new epoch to begin at sequence 0");
    } else {
      for (std::size_t i = 0; i < entry.batch_count; ++i) {
        if (entry.batches[i].first_sequence == header.base_sequence &&
            entry.batches[i].last_sequence == header.last_sequence()) {
          repeats = entry.batches[i];
          return repeats;
        }
      }
      // Without a batch remembered (only a transaction marker so far) the sequence begins at 0.
      const std::int32_t expected =
          entry.batch_count == 0 ? 0 : wire::sequence_after(entry.last_sequence(), 1);
      if (header.base_sequence != expected) {
        PROBE("storage: a batch out of sequence was refused");
        return out_of_order(header, fmt::format("sequence {}", expected));
      }
    }
  }
  if (entry.transaction_start && !header.is_transactional()) {
    return wire::make_error(
        KafkaError::kInvalidTxnState,
        fmt::format("producer {} sent a plain batch inside its transaction", header.producer_id));
  }
  return repeats;
}

void ProducerStates::apply(const wire::BatchHeader& header) {
  if (!header.has_producer()) return;
  ProducerEntry& entry = entries_[header.producer_id];
  if (entry.epoch != header.producer_epoch) {
    entry.epoch = header.producer_epoch;
    entry.batch_count = 0;
  }
  entry.silent_since.reset();
  entry.last_timestamp = header.max_timestamp;
  if (header.is_control()) {
    if (entry.transaction_start) open_transactions_.erase(*entry.transaction_start);
    entry.transaction_start.reset();
    return;
  }
  entry.remember(appended_batch(header));
  if (header.is_transactional() && !entry.transaction_start) {
    entry.transaction_start = header.base_offset;
    open_transactions_.insert(header.base_offset);
  }
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
}

}  // namespace millrace::storage
