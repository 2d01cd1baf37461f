// ProducerStates: what a log knows of the idempotent producers that write to it, and the decision
// whether a batch comes in order, comes again, or must not come.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "storage/producers/verifications.h"
#include "storage/segment/transaction_index.h"
#include "wire/batch_header.h"
#include "wire/transaction_marker.h"

namespace millrace::storage {

/// Who appends. A client's batch is checked against its producer's sequence; a coordinator's only
/// against the producer's epoch.
enum class AppendOrigin : std::uint8_t { kClient, kCoordinator };

/// Who appends, and what speaks for it.
struct AppendAs {
  // NOLINTNEXTLINE(google-explicit-constructor): an origin alone is the usual case
  AppendAs(AppendOrigin who = AppendOrigin::kClient,
           VerificationGuard verified = VerificationGuard::kNone)
      : origin(who), guard(verified) {}

  AppendOrigin origin;
  VerificationGuard guard;  // for a batch that opens a transaction here
  /// The rule for a marker's epoch.
  wire::TransactionVersion version = wire::TransactionVersion::k0;
};

/// A batch that was appended, as far as recognising it again needs.
struct AppendedBatch {
  std::int32_t first_sequence = -1;
  std::int32_t last_sequence = -1;
  Offset base_offset;
  Offset last_offset;
  Timestamp max_timestamp;
  bool operator==(const AppendedBatch&) const = default;
};

/// How many batches a producer may have in flight and still be recognised.
inline constexpr std::size_t kBatchesRemembered = 5;

struct ProducerEntry {
  ProducerEpoch epoch = kNoProducerEpoch;
  std::int32_t coordinator_epoch = -1;
  Timestamp last_timestamp = kNoTimestamp;
  std::optional<Offset> transaction_start;
  std::array<AppendedBatch, kBatchesRemembered> batches;  // the oldest first
  std::size_t batch_count = 0;
  /// Since when the producer is known to be silent, by the broker's clock; nothing while it writes.
  /// Not in snapshots: after a start every producer has its full time again.
  std::optional<Timestamp> silent_since = {};

  /// The batch that `header` repeats.
  std::optional<AppendedBatch> find(const wire::BatchHeader& header) const;
  std::int32_t last_sequence() const;
  /// Sequences begin anew with an epoch.
  void begin_epoch(ProducerEpoch next);
  void remember(const AppendedBatch& batch);
  /// Puts `batch` before those remembered when it is the one they follow, and there is room.
  void remember_older(const AppendedBatch& batch);
  bool operator==(const ProducerEntry&) const;
};

/// A transaction that a marker ended.
struct EndedTransaction {
  ProducerId producer_id;
  Offset first_offset;
  Offset last_offset;  // the marker's
  wire::TransactionResult result = wire::TransactionResult::kAbort;
};

/// Pure: no clock, no disk.
/// invariant  open_transactions_ holds the transaction_start of each entry that has one
class ProducerStates {
 public:
  /// Whether `header`, no marker, may be appended: nothing to say yes, the batch it repeats when it
  /// is one of the last five.
  /// errors  INVALID_PRODUCER_EPOCH (an older epoch), OUT_OF_ORDER_SEQUENCE_NUMBER,
  ///         INVALID_TXN_STATE (a plain batch inside a transaction; a transactional one outside,
  ///         without the guard of a verification that still holds)
  /// source  KIP-98, KIP-890; Kafka's ProducerAppendInfo and UnifiedLog
  Result<std::optional<AppendedBatch>> check(const wire::BatchHeader& header,
                                             const AppendAs& as) const;
  /// The same for a marker.
  /// errors  INVALID_PRODUCER_EPOCH (older; from version 2 on also the same, but for a marker that
  ///         comes again), TRANSACTION_COORDINATOR_FENCED (an older coordinator's)
  Status check_marker(const wire::BatchHeader& header, const wire::TransactionEnd& end,
                      wire::TransactionVersion version) const;
  /// Counts in a batch that now stands in the log, offsets and all. Batches without producer change
  /// nothing.
  void apply(const wire::BatchHeader& header);
  /// The same for a marker. Returns the transaction that it ended, if there was one.
  std::optional<EndedTransaction> apply_marker(const wire::BatchHeader& header,
                                               const wire::TransactionEnd& end);

  /// What the index says of a transaction that was the last to end, by an abort.
  AbortedTransaction aborted(const EndedTransaction& ended) const;

  bool has_open_transaction(ProducerId id, ProducerEpoch epoch) const;
  /// What an append must show of a transactional batch that begins at `first_sequence`, once its
  /// transaction's coordinator has said that the partition takes part. Nothing when the transaction
  /// is open here already: the coordinator knows of it.
  std::optional<VerificationGuard> begin_verification(ProducerId id, ProducerEpoch epoch,
                                                      std::int32_t first_sequence,
                                                      EpochBump epoch_bump, Timestamp now);

  /// Whether a producer whose last batch ends at or after `since` may have written batches that
  /// belong to the five and are not remembered: snapshots hold only the last one.
  bool lacks_batches(Offset since) const;
  /// Remembers a batch older than those known, when it belongs to its producer's five. To be called
  /// from the newest to the oldest; batches that are known already change nothing.
  void apply_older(const wire::BatchHeader& header);

  /// Forgets producers without open transaction that have been silent for `expiration` or longer,
  /// as far as earlier calls can tell. Timestamps of records say nothing about that: who writes the
  /// events of last week is no less alive, and would be forgotten between a batch and its retry.
  void expire(Timestamp now, Millis expiration);
  void clear() { *this = {}; }
  /// The first record of the oldest open transaction; kNoOffset when none is open.
  Offset first_unstable() const {
    return open_transactions_.empty() ? kNoOffset : *open_transactions_.begin();
  }

  using Entries = std::unordered_map<ProducerId, ProducerEntry>;
  const Entries& entries() const { return entries_; }
  void restore(ProducerId id, const ProducerEntry& entry);

 private:
  Status check_verified(const wire::BatchHeader& header, const AppendAs& as) const;
  Status check_sequence(const wire::BatchHeader& header, const ProducerEntry* entry) const;

  Entries entries_;
  std::set<Offset> open_transactions_;  // where those of the entries begin
  Verifications verifications_;         // not in snapshots: after a start all begin anew
};

}  // namespace millrace::storage
