// GroupTimers: deadlines by name. Setting one again moves it; nothing here knows what time it is.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/time.h"

namespace millrace::broker {

enum class TimerKind : std::uint8_t {
  kSession,       // a member, or a pending one, must be heard of
  kInitialDelay,  // more first members may still come
  kRejoin,        // the members must have rejoined
  kSync,          // the members must have asked for their assignment
  kOffsetsSweep   // look for expired offsets and groups; names no group
};

struct TimerKey {
  TimerKind kind;
  std::string group_id;
  std::string member_id;  // kSession only

  auto operator<=>(const TimerKey&) const = default;
};

class GroupTimers {
 public:
  void set(const TimerKey& key, MonotonicTime deadline);
  void cancel(const TimerKey& key);
  std::optional<MonotonicTime> next_deadline() const;
  /// Takes out the earliest timer that is due at `now`.
  std::optional<TimerKey> take_due(MonotonicTime now);
  std::size_t size() const { return deadlines_.size(); }

 private:
  std::map<TimerKey, MonotonicTime> deadlines_;
  std::set<std::pair<MonotonicTime, TimerKey>> queue_;
};

}  // namespace millrace::broker
