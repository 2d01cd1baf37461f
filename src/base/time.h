// Time as values: the two clocks, kept apart by type, and the interface through which a shell reads
// them. Cores never read a clock; they are given a MonotonicTime or a Timestamp.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/strong_id.h"

namespace millrace {

using Millis = std::chrono::milliseconds;

/// A point on the clock that never jumps: for time-outs, linger, backoff. Only differences mean
/// something.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// Milliseconds since 1970-01-01 UTC: Kafka's record timestamp. -1 says there is none.
using Timestamp = StrongId<struct TimestampTag, std::int64_t>;
inline constexpr Timestamp kNoTimestamp{-1};

/// Where a shell reads the time; `sim` has one that a test turns by hand.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime monotonic() const = 0;
  virtual Timestamp wall() const = 0;
};

/// The machine's clocks. Thread-safe; costs a vDSO call.
class SystemClock final : public Clock {
 public:
  MonotonicTime monotonic() const override;
  Timestamp wall() const override;
};

}  // namespace millrace
