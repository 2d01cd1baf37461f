// What the application counts, and how the counts look on a topic: one small JSON object each, so
// that any client can read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "streams/serde.h"

namespace millrace::access_log {

/// Of one status, over the whole log.
struct StatusTotals {
  std::int32_t status = 0;
  std::int64_t requests = 0;
  std::int64_t bytes = 0;

  bool operator==(const StatusTotals&) const = default;
};

/// Of one status, in one minute of event time.
struct MinuteCount {
  Timestamp window_start;
  std::int32_t status = 0;
  std::int64_t requests = 0;

  bool operator==(const MinuteCount&) const = default;
};

/// {"status":200,"requests":9126,"bytes":2735455845}
struct StatusTotalsSerde {
  void encode(const StatusTotals& value, Buffer& out) const;
  Result<StatusTotals> decode(std::string_view bytes) const;
};

/// {"window_start_ms":1431857100000,"status":200,"requests":73}
struct MinuteCountSerde {
  void encode(const MinuteCount& value, Buffer& out) const;
  Result<MinuteCount> decode(std::string_view bytes) const;
};

}  // namespace millrace::access_log

template <>
struct millrace::streams::SerdeFor<millrace::access_log::StatusTotals>
    : millrace::access_log::StatusTotalsSerde {};
template <>
struct millrace::streams::SerdeFor<millrace::access_log::MinuteCount>
    : millrace::access_log::MinuteCountSerde {};
