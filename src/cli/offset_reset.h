// What `group reset` makes of a committed offset. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "base/result.h"
#include "cli/start_position.h"
#include "model/ids.h"

namespace millrace::cli {

/// On from what is committed, by so many records; back when negative.
struct ShiftBy {
  std::int64_t records = 0;
};
using ResetTarget = std::variant<StartPosition, ShiftBy>;

/// What is known of a partition when its offset is reset.
struct ResetBounds {
  Offset start;  // of the log
  Offset end;
  std::optional<Offset> committed = {};
  /// The first record at or after the time that is the target; nothing when none is that late.
  std::optional<Offset> at_time = {};
};

struct ResetOffset {
  Offset offset;
  bool is_moved_into_log = false;  // what was asked for lies before its start or behind its end
};

/// errors  kInvalidArgument: a shift of what is not committed
Result<ResetOffset> reset_offset(const ResetTarget& target, const ResetBounds& bounds);

}  // namespace millrace::cli
