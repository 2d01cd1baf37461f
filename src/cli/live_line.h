// LiveLine: how a benchmark is doing, in one line that is drawn again and again, on terminals only.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "cli/console.h"

namespace millrace::cli {

/// Draws on `console.err` when that is a terminal; otherwise it does nothing. Clears its line when
/// destroyed.
/// thread  one at a time
class LiveLine {
 public:
  LiveLine(Console& console, std::string label, MonotonicTime now);
  ~LiveLine();
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  /// Whether it is time to draw again: never where there is no terminal.     cost  none
  bool is_due(MonotonicTime now) const {
    return console_.is_err_terminal && now - drawn_at_ >= kInterval;
  }
  /// records, bytes  so far; what is shown is how many came since the last time, a second
  /// more            behind them
  void show(std::int64_t records, std::int64_t bytes, const std::string& more, MonotonicTime now);

 private:
  static constexpr Millis kInterval{500};

  Console& console_;
  std::string label_;
  MonotonicTime started_;
  MonotonicTime drawn_at_;
  std::int64_t records_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace millrace::cli
