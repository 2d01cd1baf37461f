#include "cli/offset_reset.h"

#include <algorithm>

#include "base/saturating.h"

namespace millrace::cli {
namespace {

ResetOffset into_log(std::int64_t wanted, const ResetBounds& bounds) {
  const Offset offset{std::clamp(wanted, bounds.start.value(), bounds.end.value())};
  return {offset, offset.value() != wanted};
}

}  // namespace

Result<ResetOffset> reset_offset(const ResetTarget& target, const ResetBounds& bounds) {
  if (const auto* const shift = std::get_if<ShiftBy>(&target)) {
    if (!bounds.committed) {
      return Error{ErrorCode::kInvalidArgument, "wanted a committed offset to move, found none"};
    }
    return into_log(saturating_add(bounds.committed->value(), shift->records), bounds);
  }
  const auto& position = std::get<StartPosition>(target);
  if (const auto* const end = std::get_if<LogEnd>(&position)) {
    return ResetOffset{*end == LogEnd::kEarliest ? bounds.start : bounds.end};
  }
  if (const auto* const offset = std::get_if<Offset>(&position)) {
    return into_log(offset->value(), bounds);
  }
  return ResetOffset{bounds.at_time.value_or(bounds.end)};
}

}  // namespace millrace::cli
