// The small words of coordinators: when, and how what comes later is matched to what was asked.
#pragma once

#include <cstdint>

#include "base/strong_id.h"
#include "base/time.h"

namespace millrace::broker {

/// Names a request until it is answered. 0 is none.
using RequestToken = StrongId<struct RequestTokenTag, std::uint64_t>;
inline constexpr RequestToken kNoRequest{0};

/// Names an append to a coordinator's log until it is acknowledged.
using AppendId = StrongId<struct AppendIdTag, std::uint64_t>;

/// Now, on both clocks: time-outs go by the one, timestamps and retention by the other.
struct Instant {
  MonotonicTime monotonic;
  Timestamp wall;
};

}  // namespace millrace::broker
