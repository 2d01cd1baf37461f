// ComplaintLimit: how many lines about bad clients are worth writing. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/time.h"

namespace millrace::broker {

/// A client that sends nonsense over and over must not fill the log, nor hold up a loop when
/// nobody reads what this process writes.
class ComplaintLimit {
 public:
  static constexpr int kLinesMax = 10;
  static constexpr Millis kWindow{10'000};

  /// Whether one more line may be written now; its value is how many were kept back since the last.
  std::optional<std::uint64_t> admit(MonotonicTime now) {
    if (now - window_start_ >= kWindow) {
      window_start_ = now;
      lines_ = 0;
    }
    if (lines_ == kLinesMax) {
      ++kept_back_;
      return std::nullopt;
    }
    ++lines_;
    return std::exchange(kept_back_, 0);
  }

 private:
  MonotonicTime window_start_{};
  int lines_ = 0;
  std::uint64_t kept_back_ = 0;
};

}  // namespace millrace::broker
