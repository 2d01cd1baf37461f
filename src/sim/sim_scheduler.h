// SimScheduler: runs the tasks of many simulated loops, and simulated threads between their waits,
// one at a time, in virtual time, in an order that a seed decides. The same seed gives the same
// run.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "io/timer_queue.h"
#include "sim/sim_clock.h"
#include "sim/sim_thread.h"

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
  void stop();
  void go_on() { is_stopped_ = false; }
  bool is_stopped() const { return is_stopped_; }
  /// Whether one of its tasks is running.
  bool is_running() const;
  /// Blocks the simulated thread that calls it until stop().
  void wait_until_stopped();

 private:
  friend class SimScheduler;

  SimScheduler& scheduler_;
  std::deque<io::Task> posted_;
  io::TimerQueue timers_;
  bool is_stopped_ = false;
  SimWaiter* runner_ = nullptr;  // who waits for stop()
};

/// Invariant: `running_strand_` and `running_lane_` are never both set; with neither, the thread
/// that drives the scheduler runs: a test's main thread, which may wait as strands do and then
/// drives on. Not thread-safe. Outlives its lanes.
class SimScheduler {
 public:
  explicit SimScheduler(std::uint64_t seed) : random_(seed) {}
  SimScheduler(const SimScheduler&) = delete;
  SimScheduler& operator=(const SimScheduler&) = delete;

  SimClock& clock() { return clock_; }
  MonotonicTime now() const { return clock_.shown(); }
  Random& random() { return random_; }

  /// Runs one task, or one thread until it waits, and moves the time to it when nothing is due now.
  /// False when there is nothing left to run.
  bool step();
  /// Runs all that comes up in the next `duration`, and leaves the time at its end.
  void run_for(std::chrono::nanoseconds duration);
  /// Runs until `done` says so. False when nothing was left to run, or `limit` went by, before it.
  bool run_until(const std::function<bool()>& done, std::chrono::nanoseconds limit);

  /// Whether a simulated thread calls, one that sleep() and wait() may block.
  bool is_on_strand() const { return running_strand_ != nullptr; }
  /// Lets virtual time pass on the simulated thread that calls.
  void sleep(std::chrono::nanoseconds duration);

  /// For SimThread and SimCondition.
  void add(std::shared_ptr<SimStrand> strand) { strands_.push_back(std::move(strand)); }
  SimWaiter make_waiter() const { return {.strand = running_strand_}; }
  /// Lets others run until wake(waiter) or `deadline`; says whether it was woken.
  bool wait(SimWaiter& waiter, std::optional<MonotonicTime> deadline);
  void wake(SimWaiter& waiter);

  /// A sum over every choice made so far: equal for two runs that went the same way.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  friend class SimLane;

  /// What can move now, in the order made, so that a run can be repeated.
  struct Due {
    std::vector<SimLane*> lanes;
    std::vector<std::shared_ptr<SimStrand>> strands;
    std::size_t count() const { return lanes.size() + strands.size(); }
  };
  Due due() const;
  bool is_anything_due() const { return due().count() > 0; }
  void run_strand(const std::shared_ptr<SimStrand>& strand);
  void note(std::uint64_t choice);
  bool advance_to_next_timer(MonotonicTime limit);
  void run_one_of(SimLane& lane);

  SimClock clock_;
  Random random_;
  std::vector<SimLane*> lanes_;
  std::vector<std::shared_ptr<SimStrand>> strands_;  // that have not ended
  SimStrand* running_strand_ = nullptr;
  SimLane* running_lane_ = nullptr;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace millrace::sim
