#include "broker/groups/coordinator/group_timers.h"

namespace millrace::broker {

void GroupTimers::set(const TimerKey& key, MonotonicTime deadline) {
  cancel(key);
  deadlines_.emplace(key, deadline);
  queue_.emplace(deadline, key);
}

void GroupTimers::cancel(const TimerKey& key) {
  const auto found = deadlines_.find(key);
  if (found == deadlines_.end()) return;
  queue_.erase({found->second, key});
  deadlines_.erase(found);
}

std::optional<MonotonicTime> GroupTimers::next_deadline() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.begin()->first;
}

std::optional<TimerKey> GroupTimers::take_due(MonotonicTime now) {
  if (queue_.empty() || queue_.begin()->first > now) return std::nullopt;
  TimerKey key = queue_.begin()->second;
  cancel(key);
  return key;
}

}  // namespace millrace::broker
