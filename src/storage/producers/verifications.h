// Verifications: the transactional batches that wait for their transaction's coordinator to say
// that the partition takes part. Until it does, none may be appended, or a batch that comes late
// would open a transaction that nobody ever ends.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "base/time.h"
#include "model/ids.h"
#include "storage/verification_guard.h"

namespace millrace::storage {

/// Whether a producer takes a new epoch for every transaction, and begins each at sequence 0.
enum class EpochBump : std::uint8_t { kNo, kYes };

/// Pure. One a producer at most; forgotten with the append, with a marker, or in time.
/// source  KIP-890; Kafka's VerificationStateEntry
class Verifications {
 public:
  struct Entry {
    VerificationGuard guard = VerificationGuard::kNone;
    ProducerEpoch epoch;
    /// The lowest first sequence seen in that epoch: of several batches in flight it goes first.
    std::int32_t lowest_sequence = 0;
    EpochBump epoch_bump = EpochBump::kNo;
    Timestamp begun;
  };

  /// The guard of what is going on already, or of a new one.
  VerificationGuard begin(ProducerId id, ProducerEpoch epoch, std::int32_t first_sequence,
                          EpochBump epoch_bump, Timestamp now);
  /// Null when nothing is going on.
  const Entry* find(ProducerId id) const;
  void end(ProducerId id) {
    if (!entries_.empty()) entries_.erase(id);
  }
  void expire(Timestamp now, Millis expiration);

 private:
  std::unordered_map<ProducerId, Entry> entries_;
  std::uint64_t last_guard_ = 0;
};

}  // namespace millrace::storage
