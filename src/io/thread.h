// Thread and Condition: a thread of a component's own, and what it blocks on, made by Env so that
// the seeded scheduler of `sim` can stand in for the operating system's.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

#include "base/time.h"

namespace millrace::io {

/// A thread that runs one function. Destroying it joins it.
/// thread  its owner's; never the thread itself
class Thread {
 public:
  virtual ~Thread() = default;
  /// Waits until the function has returned. Further calls do nothing.
  virtual void join() = 0;
};

/// What std::condition_variable is, for threads made by the same Env and for the main thread.
///
/// Rule: no other mutex is held while one waits. On real threads that would merely be slow, on the
/// seeded scheduler, where one thread runs at a time, it stops the world.
/// thread  any
class Condition {
 public:
  virtual ~Condition() = default;
  virtual void notify_one() = 0;
  virtual void notify_all() = 0;
  /// Waits for a notification, or without a reason; `lock` is released meanwhile.
  virtual void wait(std::unique_lock<std::mutex>& lock) = 0;
  /// The same, until `timeout` has passed at the latest.
  virtual std::cv_status wait_for(std::unique_lock<std::mutex>& lock, Millis timeout) = 0;

  /// Waits until `predicate()` holds, which is asked with the lock held.
  template <class Predicate>
  void wait(std::unique_lock<std::mutex>& lock, Predicate predicate) {
    while (!predicate()) wait(lock);
  }
  /// Waits until `predicate()` holds or `clock` says that `timeout` has passed; returns whether it
  /// holds. A time-out of Millis::max() is none.
  template <class Predicate>
  bool wait_for(std::unique_lock<std::mutex>& lock, const Clock& clock, Millis timeout,
                Predicate predicate) {
    if (timeout >= kForever) {
      wait(lock, predicate);
      return true;
    }
    const MonotonicTime deadline = clock.monotonic() + timeout;
    while (!predicate()) {
      const Millis left = std::chrono::ceil<Millis>(deadline - clock.monotonic());
      if (left <= Millis{0}) return false;
      (void)wait_for(lock, left);
    }
    return true;
  }

 private:
  /// Longer waits do not fit a deadline in nanoseconds, and end in nobody's life.
  static constexpr Millis kForever = std::chrono::hours{24 * 365 * 100};
};

}  // namespace millrace::io
