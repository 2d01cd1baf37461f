#include "sim/sim_scheduler.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace millrace::sim {

SimLane::SimLane(SimScheduler& scheduler) : scheduler_(scheduler) {
  scheduler_.lanes_.push_back(this);
}

SimLane::~SimLane() {
  std::erase(scheduler_.lanes_, this);
  // Dropped tasks may own what posts or cancels here on its way out.
  while (!posted_.empty() || !timers_.empty()) {
    const std::deque<io::Task> dropped = std::exchange(posted_, {});
    (void)timers_.take_due(MonotonicTime::max());
  }
}

io::TimerId SimLane::call_after(std::chrono::nanoseconds delay, io::Task task) {
  return timers_.add(scheduler_.now() + delay, std::move(task));
}

std::vector<SimLane*> SimScheduler::lanes_due() const {
  std::vector<SimLane*> due;
  for (SimLane* const lane : lanes_) {
    if (lane->is_stopped_) continue;
    const auto deadline = lane->timers_.next_deadline();
    if (!lane->posted_.empty() || (deadline && *deadline <= now())) due.push_back(lane);
  }
  return due;
}

bool SimScheduler::advance_to_next_timer(MonotonicTime limit) {
  std::optional<MonotonicTime> next;
  for (const SimLane* const lane : lanes_) {
    const auto deadline = lane->timers_.next_deadline();
    if (!lane->is_stopped_ && deadline && (!next || *deadline < *next)) next = deadline;
  }
  if (!next || *next > limit) return false;
  clock_.advance_to(*next);
  return true;
}

void SimScheduler::run_one_of(SimLane& lane) {
  io::Task task;
  if (lane.posted_.empty() || random_.chance(0.5)) task = lane.timers_.take_due(now());
  if (!task && !lane.posted_.empty()) {
    task = std::move(lane.posted_.front());
    lane.posted_.pop_front();
  }
  // Without a task, the coin fell on a timer that is not due: the lane gets its turn later.
  if (task) task();
}

bool SimScheduler::step() {
  std::vector<SimLane*> due = lanes_due();
  if (due.empty()) {
    if (!advance_to_next_timer(MonotonicTime::max())) return false;
    due = lanes_due();
  }
  run_one_of(*due[static_cast<std::size_t>(random_.below(due.size()))]);
  return true;
}

void SimScheduler::run_for(std::chrono::nanoseconds duration) {
  const MonotonicTime end = now() + duration;
  while (!lanes_due().empty() || advance_to_next_timer(end)) (void)step();
  clock_.advance_to(std::max(end, now()));
}

bool SimScheduler::run_until(const std::function<bool()>& done, std::chrono::nanoseconds limit) {
  const MonotonicTime end = now() + limit;
  while (!done()) {
    if (lanes_due().empty() && !advance_to_next_timer(end)) return false;
    (void)step();
  }
  return true;
}

}  // namespace millrace::sim
