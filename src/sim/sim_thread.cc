#include "sim/sim_thread.h"

#include <utility>

#include "base/check.h"
#include "sim/sim_scheduler.h"

namespace millrace::sim {
namespace {

constexpr std::chrono::seconds kTurnMax{60};  // of real time

}  // namespace

void SimStrand::run() {
  std::unique_lock lock(mutex_);
  has_turn_ = true;
  turn_changed_.notify_all();
  const bool came_back = turn_changed_.wait_for(lock, kTurnMax, [this] { return !has_turn_; });
  CHECK(came_back, "the simulated thread \"{}\" blocks on something that is not of its Env", name);
}

void SimStrand::take_turn() {
  std::unique_lock lock(mutex_);
  turn_changed_.wait(lock, [this] { return has_turn_; });
}

void SimStrand::give_back() {
  std::unique_lock lock(mutex_);
  has_turn_ = false;
  turn_changed_.notify_all();
  turn_changed_.wait(lock, [this] { return has_turn_; });
}

void SimStrand::end() {
  const std::lock_guard lock(mutex_);
  state = State::kEnded;
  has_turn_ = false;
  turn_changed_.notify_all();
}

SimThread::SimThread(SimScheduler& scheduler, const std::string& name, std::function<void()> body)
    : scheduler_(scheduler), strand_(std::make_shared<SimStrand>(name)) {
  strand_->thread = std::thread([strand = strand_, run = std::move(body)] {
    strand->take_turn();
    run();
    strand->end();
  });
  scheduler_.add(strand_);
}

void SimThread::join() {
  if (strand_->state != SimStrand::State::kEnded) {
    SimWaiter waiter = scheduler_.make_waiter();
    strand_->joiners.push_back(&waiter);
    (void)scheduler_.wait(waiter, std::nullopt);
  }
  if (strand_->thread.joinable()) strand_->thread.join();
}

void SimCondition::notify_one() {
  if (waiters_.empty()) return;
  const auto index = static_cast<std::ptrdiff_t>(scheduler_.random().below(waiters_.size()));
  scheduler_.wake(*waiters_[static_cast<std::size_t>(index)]);
  waiters_.erase(waiters_.begin() + index);
}

void SimCondition::notify_all() {
  for (SimWaiter* const waiter : std::exchange(waiters_, {})) scheduler_.wake(*waiter);
}

std::cv_status SimCondition::wait_for(std::unique_lock<std::mutex>& lock, Millis timeout) {
  return wait_until(lock, scheduler_.now() + timeout);
}

std::cv_status SimCondition::wait_until(std::unique_lock<std::mutex>& lock,
                                        std::optional<MonotonicTime> deadline) {
  SimWaiter waiter = scheduler_.make_waiter();
  waiters_.push_back(&waiter);
  lock.unlock();
  const bool is_woken = scheduler_.wait(waiter, deadline);
  lock.lock();
  std::erase(waiters_, &waiter);
  return is_woken ? std::cv_status::no_timeout : std::cv_status::timeout;
}

}  // namespace millrace::sim
