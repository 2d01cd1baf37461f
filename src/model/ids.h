// The numbers every floor speaks of, as types that cannot be swapped by accident.
#pragma once

#include <cstdint>

#include "base/saturating.h"
#include "base/strong_id.h"
#include "base/time.h"

namespace millrace {

/// Position of a record in a partition, from 0. -1 says unknown.
using Offset = StrongId<struct OffsetTag, std::int64_t>;
using PartitionId = StrongId<struct PartitionIdTag, std::int32_t>;
using BrokerId = StrongId<struct BrokerIdTag, std::int32_t>;
/// Counts the leaderships of a partition. -1 says unknown.
using LeaderEpoch = StrongId<struct LeaderEpochTag, std::int32_t>;
/// Names an idempotent producer's session. -1 says the producer is not idempotent.
using ProducerId = StrongId<struct ProducerIdTag, std::int64_t>;
using ProducerEpoch = StrongId<struct ProducerEpochTag, std::int16_t>;

inline constexpr Offset kNoOffset{-1};
inline constexpr LeaderEpoch kNoLeaderEpoch{-1};
inline constexpr ProducerId kNoProducerId{-1};
inline constexpr ProducerEpoch kNoProducerEpoch{-1};

// Offsets come from the wire and from files, some of them outside every checksum: sums stop at the
// ends of int64.
constexpr Offset operator+(Offset offset, std::int64_t count) {
  return Offset{saturating_add(offset.value(), count)};
}
/// How many records lie from `from` up to, not including, `to`.
constexpr std::int64_t operator-(Offset to, Offset from) {
  return saturating_subtract(to.value(), from.value());
}

}  // namespace millrace
