#include "io/timer_queue.h"

namespace millrace::io {

TimerId TimerQueue::add(MonotonicTime deadline, Task task) {
  const TimerId id = ++last_id_;
  timers_.emplace(std::pair(deadline, id), std::move(task));
  deadlines_.emplace(id, deadline);
  return id;
}

void TimerQueue::cancel(TimerId timer) {
  const auto found = deadlines_.find(timer);
  if (found == deadlines_.end()) return;
  // The task goes last: destroying it may run code that comes back here.
  const auto node = timers_.extract({found->second, timer});
  deadlines_.erase(found);
}

std::optional<MonotonicTime> TimerQueue::next_deadline() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.first;
}

Task TimerQueue::take_due(MonotonicTime now) {
  if (timers_.empty() || timers_.begin()->first.first > now) return {};
  const auto first = timers_.begin();
  Task task = std::move(first->second);
  deadlines_.erase(first->first.second);
  timers_.erase(first);
  return task;
}

}  // namespace millrace::io
