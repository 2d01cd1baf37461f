// Timers: deadlines by name. Setting one again moves it; nothing here knows what time it is.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/time.h"

namespace millrace::broker {

/// Key  ordered
/// invariant  both members hold the same pairs
/// cost       logarithmic in the number of timers
template <class Key>
class Timers {
 public:
  void set(const Key& key, MonotonicTime deadline) {
    cancel(key);
    deadlines_.emplace(key, deadline);
    queue_.emplace(deadline, key);
  }
  void cancel(const Key& key) {
    const auto found = deadlines_.find(key);
    if (found == deadlines_.end()) return;
    queue_.erase({found->second, key});
    deadlines_.erase(found);
  }
  bool contains(const Key& key) const { return deadlines_.contains(key); }
  std::optional<MonotonicTime> next_deadline() const {
    if (queue_.empty()) return std::nullopt;
    return queue_.begin()->first;
  }
  /// Takes out the earliest timer that is due at `now`.
  std::optional<Key> take_due(MonotonicTime now) {
    if (queue_.empty() || queue_.begin()->first > now) return std::nullopt;
    Key key = queue_.begin()->second;
    cancel(key);
    return key;
  }
  std::size_t size() const { return deadlines_.size(); }

 private:
  std::map<Key, MonotonicTime> deadlines_;
  std::set<std::pair<MonotonicTime, Key>> queue_;
};

}  // namespace millrace::broker
