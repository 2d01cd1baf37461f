#include "storage/producers/verifications.h"

#include <algorithm>

#include "base/saturating.h"

namespace millrace::storage {

VerificationGuard Verifications::begin(ProducerId id, ProducerEpoch epoch,
                                       std::int32_t first_sequence, EpochBump epoch_bump,
                                       Timestamp now) {
  const auto [found, is_new] = entries_.try_emplace(id);
  Entry& entry = found->second;
  if (is_new) {
    entry = {VerificationGuard{++last_guard_}, epoch, first_sequence, epoch_bump, now};
  } else if (epoch == entry.epoch) {
    entry.lowest_sequence = std::min(entry.lowest_sequence, first_sequence);
  } else if (epoch > entry.epoch) {
    entry.epoch = epoch;
    entry.lowest_sequence = first_sequence;
  }
  return entry.guard;
}

const Verifications::Entry* Verifications::find(ProducerId id) const {
  if (entries_.empty()) return nullptr;
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

void Verifications::expire(Timestamp now, Millis expiration) {
  std::erase_if(entries_, [&](const auto& each) {
    return millis_between(each.second.begun, now) >= expiration.count();
  });
}

}  // namespace millrace::storage
