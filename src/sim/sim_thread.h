// SimThread and SimCondition: threads that block, on the seeded scheduler. Each is a thread of the
// operating system, so that any code may run on it, but only one of them, or the scheduler, runs at
// a time: who runs holds the turn, and gives it back by waiting.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "io/thread.h"

namespace millrace::sim {

class SimScheduler;
struct SimStrand;

/// Somebody who waits, and whether the reason has come. Lives on the stack of who waits.
struct SimWaiter {
  SimStrand* strand = nullptr;  // null: the scheduler's own thread
  bool is_woken = false;
};

/// What the scheduler knows of one simulated thread.
/// Invariant: the operating system's thread runs only between `take_turn` and `give_back`, and then
/// nobody else does; so nothing here needs a lock of its own but the turn.
struct SimStrand {
  enum class State { kReady, kWaiting, kEnded };

  explicit SimStrand(std::string its_name) : name(std::move(its_name)) {}

  /// From the scheduler: lets the strand run until it waits or ends.
  /// Aborts when it does not come back in a minute of real time: then it blocks on something that
  /// the scheduler does not know.
  void run();
  /// From the strand: gives the turn back and waits for the next one.
  void give_back();

  const std::string name;
  State state = State::kReady;
  std::optional<MonotonicTime> deadline = {};  // while it waits
  std::vector<SimWaiter*> joiners = {};
  std::thread thread = {};

 private:
  friend class SimThread;
  void take_turn();
  void end();

  std::mutex mutex_;
  std::condition_variable turn_changed_;
  bool has_turn_ = false;
};

class SimThread final : public io::Thread {
 public:
  SimThread(SimScheduler& scheduler, const std::string& name, std::function<void()> body);
  ~SimThread() override { join(); }
  SimThread(const SimThread&) = delete;
  SimThread& operator=(const SimThread&) = delete;

  /// Lets virtual time pass until the thread has ended.
  void join() override;

 private:
  SimScheduler& scheduler_;
  std::shared_ptr<SimStrand> strand_;
};

/// Which waiter is notified first is the seed's choice.
class SimCondition final : public io::Condition {
 public:
  explicit SimCondition(SimScheduler& scheduler) : scheduler_(scheduler) {}

  void notify_one() override;
  void notify_all() override;
  void wait(std::unique_lock<std::mutex>& lock) override { (void)wait_until(lock, std::nullopt); }
  std::cv_status wait_for(std::unique_lock<std::mutex>& lock, Millis timeout) override;

 private:
  std::cv_status wait_until(std::unique_lock<std::mutex>& lock,
                            std::optional<MonotonicTime> deadline);

  SimScheduler& scheduler_;
  std::vector<SimWaiter*> waiters_;
};

}  // namespace millrace::sim
