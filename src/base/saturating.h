// Sums and differences that stop at the ends of their type. For numbers that strangers and users
// choose: offsets, timestamps and durations from the wire, from files and from properties, where a
// plain sum may overflow, which C++ leaves undefined.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/time.h"

namespace millrace {

/// left + right, or the end of int64 that lies in their direction.      cost  one branch
constexpr std::int64_t saturating_add(std::int64_t left, std::int64_t right) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(left, right, &sum)) return sum;
  return right < 0 ? std::numeric_limits<std::int64_t>::min()
                   : std::numeric_limits<std::int64_t>::max();
}

/// left - right, or the end of int64 that lies in their direction.      cost  one branch
constexpr std::int64_t saturating_subtract(std::int64_t left, std::int64_t right) {
  std::int64_t difference = 0;
  if (!__builtin_sub_overflow(left, right, &difference)) return difference;
  return right < 0 ? std::numeric_limits<std::int64_t>::max()
                   : std::numeric_limits<std::int64_t>::min();
}

/// How many milliseconds lie between two timestamps; below zero when `later` is the earlier one.
constexpr std::int64_t millis_between(Timestamp earlier, Timestamp later) {
  return saturating_subtract(later.value(), earlier.value());
}

/// The timestamp that lies `by` after `time`, before it when `by` is below zero.
constexpr Timestamp timestamp_after(Timestamp time, Millis by) {
  return Timestamp{saturating_add(time.value(), by.count())};
}

/// When a wait of `delay` that begins at `now` is over; a delay of more than 292 years never is.
constexpr MonotonicTime deadline_after(MonotonicTime now, Millis delay) {
  using std::chrono::nanoseconds;
  constexpr auto kLongest = std::chrono::duration_cast<Millis>(nanoseconds::max());
  const nanoseconds wait = std::clamp(delay, -kLongest, kLongest);
  return MonotonicTime{
      nanoseconds{saturating_add(nanoseconds(now.time_since_epoch()).count(), wait.count())}};
}

/// A wait that a user asked for, short enough for calls of the standard library that add it to a
/// clock: `Millis::max()` means as long as anybody will live.
constexpr Millis bounded_wait(Millis wait) {
  constexpr Millis kLongest = std::chrono::hours{100 * 365 * 24};
  return std::min(wait, kLongest);
}

}  // namespace millrace
