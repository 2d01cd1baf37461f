// The small words of the groups: who asks, when, and how what comes later is matched to it.
#pragma once

#include <cstdint>
#include <string>

#include "base/strong_id.h"
#include "base/time.h"

namespace millrace::broker {

/// Names a request until it is answered. 0 is none.
using RequestToken = StrongId<struct RequestTokenTag, std::uint64_t>;
inline constexpr RequestToken kNoRequest{0};

/// Names an append to `__consumer_offsets` until it is acknowledged.
using AppendId = StrongId<struct AppendIdTag, std::uint64_t>;

/// Now, on both clocks: time-outs go by the one, commit timestamps and retention by the other.
struct Instant {
  MonotonicTime monotonic;
  Timestamp wall;
};

/// Who asks: what JoinGroup remembers and DescribeGroups shows, and what version rules depend on.
struct GroupCaller {
  std::int16_t api_version = 0;
  std::string client_id;    // empty when the client sent none
  std::string client_host;  // as Kafka shows it: "/127.0.0.1"
};

}  // namespace millrace::broker
