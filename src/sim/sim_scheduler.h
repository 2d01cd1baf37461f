// SimScheduler: runs the tasks of many simulated loops on one thread, in virtual time, in an order
// that a seed decides. The same seed gives the same run.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "io/timer_queue.h"
#include "sim/sim_clock.h"

namespace millrace::sim {

class SimScheduler;

/// What one loop has to do: posted tasks, which run in the order posted, and timers. Which of
/// several lanes moves next is the seed's choice.
class SimLane {
 public:
  explicit SimLane(SimScheduler& scheduler);
  ~SimLane();
  SimLane(const SimLane&) = delete;
  SimLane& operator=(const SimLane&) = delete;

  void post(io::Task task) { posted_.push_back(std::move(task)); }
  io::TimerId call_after(std::chrono::nanoseconds delay, io::Task task);
  void cancel(io::TimerId timer) { timers_.cancel(timer); }
  /// Nothing of this lane runs any more, until go_on().
  void stop() { is_stopped_ = true; }
  void go_on() { is_stopped_ = false; }
  bool is_stopped() const { return is_stopped_; }

 private:
  friend class SimScheduler;

  SimScheduler& scheduler_;
  std::deque<io::Task> posted_;
  io::TimerQueue timers_;
  bool is_stopped_ = false;
};

/// Not thread-safe. Outlives its lanes.
class SimScheduler {
 public:
  explicit SimScheduler(std::uint64_t seed) : random_(seed) {}
  SimScheduler(const SimScheduler&) = delete;
  SimScheduler& operator=(const SimScheduler&) = delete;

  SimClock& clock() { return clock_; }
  MonotonicTime now() const { return clock_.monotonic(); }
  Random& random() { return random_; }

  /// Runs one task, and moves the time to it when nothing is due now. False when there is nothing
  /// left to run.
  bool step();
  /// Runs all that comes up in the next `duration`, and leaves the time at its end.
  void run_for(std::chrono::nanoseconds duration);
  /// Runs until `done` says so. False when nothing was left to run, or `limit` went by, before it.
  bool run_until(const std::function<bool()>& done, std::chrono::nanoseconds limit);

 private:
  friend class SimLane;

  std::vector<SimLane*> lanes_due() const;
  bool advance_to_next_timer(MonotonicTime limit);
  void run_one_of(SimLane& lane);

  SimClock clock_;
  Random random_;
  std::vector<SimLane*> lanes_;  // in the order made, so that a run can be repeated
};

}  // namespace millrace::sim
