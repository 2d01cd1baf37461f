#include "sim/sim_scheduler.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

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

void SimLane::stop() {
  is_stopped_ = true;
  if (runner_ != nullptr) scheduler_.wake(*runner_);
}

bool SimLane::is_running() const {
  return scheduler_.running_lane_ == this;
}

void SimLane::wait_until_stopped() {
  while (!is_stopped_) {
    SimWaiter waiter = scheduler_.make_waiter();
    runner_ = &waiter;
    (void)scheduler_.wait(waiter, std::nullopt);
    runner_ = nullptr;
  }
}

SimScheduler::Due SimScheduler::due() const {
  Due found;
  for (SimLane* const lane : lanes_) {
    if (lane->is_stopped_) continue;
    const auto deadline = lane->timers_.next_deadline();
    if (!lane->posted_.empty() || (deadline && *deadline <= now())) found.lanes.push_back(lane);
  }
  for (const auto& strand : strands_) {
    const bool is_late = strand->deadline && *strand->deadline <= now();
    if (strand->state == SimStrand::State::kReady || is_late) found.strands.push_back(strand);
  }
  return found;
}

bool SimScheduler::advance_to_next_timer(MonotonicTime limit) {
  std::optional<MonotonicTime> next;
  const auto consider = [&](const std::optional<MonotonicTime>& deadline) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  };
  for (const SimLane* const lane : lanes_) {
    if (!lane->is_stopped_) consider(lane->timers_.next_deadline());
  }
  for (const auto& strand : strands_) consider(strand->deadline);
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
  if (!task) return;  // the coin fell on a timer that is not due: the lane gets its turn later
  running_lane_ = &lane;
  task();
  task = nullptr;  // what it owns goes while the lane runs
  running_lane_ = nullptr;
}

void SimScheduler::run_strand(const std::shared_ptr<SimStrand>& strand) {
  strand->state = SimStrand::State::kReady;
  strand->deadline.reset();
  running_strand_ = strand.get();
  strand->run();
  running_strand_ = nullptr;
  if (strand->state != SimStrand::State::kEnded) return;
  for (SimWaiter* const joiner : strand->joiners) wake(*joiner);
  std::erase(strands_, strand);
}

bool SimScheduler::wait(SimWaiter& waiter, std::optional<MonotonicTime> deadline) {
  CHECK(running_lane_ == nullptr, "a task of an event loop waits, and its loop with it");
  if (SimStrand* const mine = running_strand_) {
    mine->state = SimStrand::State::kWaiting;
    mine->deadline = deadline;
    mine->give_back();
    return waiter.is_woken;
  }
  const MonotonicTime limit = deadline.value_or(MonotonicTime::max());
  while (!waiter.is_woken) {
    if (is_anything_due() || advance_to_next_timer(limit)) {
      (void)step();
      continue;
    }
    CHECK(deadline, "everything waits for something that will never come");
    clock_.advance_to(std::max(limit, now()));
    break;
  }
  return waiter.is_woken;
}

void SimScheduler::wake(SimWaiter& waiter) {
  waiter.is_woken = true;
  if (waiter.strand != nullptr) waiter.strand->state = SimStrand::State::kReady;
}

void SimScheduler::sleep(std::chrono::nanoseconds duration) {
  SimWaiter waiter = make_waiter();
  (void)wait(waiter, now() + duration);
}

void SimScheduler::note(std::uint64_t choice) {
  constexpr std::uint64_t kPrime = 0x100000001b3;  // FNV's
  for (const std::uint64_t part :
       {choice, static_cast<std::uint64_t>(now().time_since_epoch().count())}) {
    fingerprint_ = (fingerprint_ ^ part) * kPrime;
  }
}

bool SimScheduler::step() {
  Due found = due();
  if (found.count() == 0) {
    if (!advance_to_next_timer(MonotonicTime::max())) return false;
    found = due();
  }
  const auto choice = static_cast<std::size_t>(random_.below(found.count()));
  note(choice);
  if (choice < found.lanes.size()) {
    run_one_of(*found.lanes[choice]);
  } else {
    run_strand(found.strands[choice - found.lanes.size()]);
  }
  return true;
}

void SimScheduler::run_for(std::chrono::nanoseconds duration) {
  const MonotonicTime end = now() + duration;
  while (is_anything_due() || advance_to_next_timer(end)) (void)step();
  clock_.advance_to(std::max(end, now()));
}

bool SimScheduler::run_until(const std::function<bool()>& done, std::chrono::nanoseconds limit) {
  const MonotonicTime end = now() + limit;
  while (!done()) {
    if (!is_anything_due() && !advance_to_next_timer(end)) return false;
    (void)step();
  }
  return true;
}

}  // namespace millrace::sim
