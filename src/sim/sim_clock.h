// SimClock: a clock that moves only when told to.
#pragma once

#include "base/check.h"
#include "base/time.h"

namespace millrace::sim {

/// Both clocks move together; they start away from zero, so that nobody relies on zero. A test may
/// set the wall clock off on its own, as administrators do. Not thread-safe.
class SimClock final : public Clock {
 public:
  MonotonicTime monotonic() const override { return now_; }
  Timestamp wall() const override {
    const auto passed = std::chrono::duration_cast<Millis>(now_ - kStart);
    return Timestamp{wall_start_ + passed.count()};
  }

  void advance(std::chrono::nanoseconds by) {
    CHECK(by.count() >= 0, "time does not go back, least of all by {} ns", -by.count());
    now_ += by;
  }
  void advance_to(MonotonicTime to) { advance(to - now_); }
  /// Moves the wall clock alone, back too.
  void shift_wall(Millis by) { wall_start_ += by.count(); }

 private:
  static constexpr MonotonicTime kStart{std::chrono::hours{1}};

  MonotonicTime now_ = kStart;
  std::int64_t wall_start_ = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
};

}  // namespace millrace::sim
