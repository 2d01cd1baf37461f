// A line that says how far something has come, on terminals only.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "cli/console.h"

namespace millrace::cli {

/// Draws on `console.err` when that is a terminal; otherwise it does nothing. Clears its line when
/// destroyed.
class ProgressBar {
 public:
  ProgressBar(Console& console, std::string label);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Redraws, but not more often than a person can see.
  void show(std::int64_t done, std::int64_t total, MonotonicTime now);

 private:
  Console& console_;
  std::string label_;
  bool is_drawn_ = false;
  MonotonicTime drawn_at_{};
};

}  // namespace millrace::cli
