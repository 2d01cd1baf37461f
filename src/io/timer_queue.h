// TimerQueue: which tasks are due, and when the next one is. Sans-IO, so that the real loop and the
// simulated one keep time by the same rules.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/time.h"
#include "io/event_loop.h"

namespace millrace::io {

/// Tasks fire in the order of their deadlines, and of their making where deadlines are equal.
/// Not thread-safe.
class TimerQueue {
 public:
  TimerId add(MonotonicTime deadline, Task task);
  void cancel(TimerId timer);
  bool empty() const { return timers_.empty(); }
  /// When the next timer is due.
  std::optional<MonotonicTime> next_deadline() const;
  /// Takes the next task that is due at `now`; an empty function when none is.
  Task take_due(MonotonicTime now);

 private:
  std::map<std::pair<MonotonicTime, TimerId>, Task> timers_;
  std::unordered_map<TimerId, MonotonicTime> deadlines_;
  TimerId last_id_ = 0;
};

}  // namespace millrace::io
