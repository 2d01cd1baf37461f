// History: what happened in one simulated run, in virtual time, and whether it was right.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace millrace::simulation {

/// The first violation ends the run; later ones are most often its consequences.
class History {
 public:
  /// clock  outlives this
  explicit History(const Clock& clock) : clock_(clock), start_(clock.monotonic()) {}

  /// Since the run began.
  Millis now() const { return std::chrono::duration_cast<Millis>(clock_.monotonic() - start_); }
  /// What somebody did to the world: few, and all of them are kept.
  void did(std::string what);
  /// What came of it: many; the last ones are kept.
  void saw(std::string what);
  /// An invariant does not hold.
  void violated(std::string what);

  const std::optional<std::string>& violation() const { return violation_; }
  /// Everything done and the last things seen, a line each, in the order of time.
  std::string shortened() const;

 private:
  static constexpr std::size_t kSeenMax = 60;

  struct Line {
    MonotonicTime at;
    std::size_t number;
    std::string text;
  };
  Line line(std::string text);

  const Clock& clock_;
  const MonotonicTime start_;
  std::size_t count_ = 0;
  std::vector<Line> done_;
  std::deque<Line> seen_;
  std::optional<std::string> violation_;
};

}  // namespace millrace::simulation
