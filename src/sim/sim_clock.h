// SimClock: a clock that moves only when told to, or by being read.
#pragma once

#include "base/check.h"
#include "base/time.h"

namespace millrace::sim {

/// Both clocks move together; they start away from zero, so that nobody relies on zero. A test may
/// set the wall clock off on its own, as administrators do. On real machines time passes while code
/// runs, so that two readings differ; here it does once a reading has a cost. Not thread-safe.
class SimClock final : public Clock {
 public:
  MonotonicTime monotonic() const override { return now_ += reading_cost_; }
  /// What it shows, without the cost of a reading.
  MonotonicTime shown() const { return now_; }
  /// How long code runs, from its start or from one reading, before it reads the clock.
  void set_reading_cost(std::chrono::nanoseconds cost) { reading_cost_ = cost; }
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

  mutable MonotonicTime now_ = kStart;
  std::chrono::nanoseconds reading_cost_{0};
  std::int64_t wall_start_ = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
};

}  // namespace millrace::sim
