// GroupTimers: the deadlines of the groups, by name.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "broker/coordination/timers.h"

namespace millrace::broker {

enum class TimerKind : std::uint8_t {
  kSession,       // a member, or a pending one, must be heard of
  kRevocation,    // a member of a consumer group must give up partitions
  kMemberJoin,    // one that speaks the classic protocol must join again
  kMemberSync,    // and ask for its assignment
  kInitialDelay,  // more first members may still come
  kRejoin,        // the members must have rejoined
  kSync,          // the members must have asked for their assignment
  kOffsetsSweep   // look for expired offsets and groups; names no group
};

struct TimerKey {
  TimerKind kind;
  std::string group_id;
  std::string member_id;  // of the timers of one member

  auto operator<=>(const TimerKey&) const = default;
};

using GroupTimers = Timers<TimerKey>;

}  // namespace millrace::broker
