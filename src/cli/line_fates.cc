#include "cli/line_fates.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace millrace::cli {

void LineFates::count_written() {
  state_.with([](State& state) { ++state.written; });
}

void LineFates::count_refused(std::uint64_t number, const Error& reason) {
  state_.with([&](State& state) {
    ++state.refused;
    Unsaid& unsaid = state.unsaid;
    if (unsaid.count++ == 0) {
      unsaid.first = unsaid.last = number;
      unsaid.reason = reason;
    }
    unsaid.first = std::min(unsaid.first, number);
    unsaid.last = std::max(unsaid.last, number);
  });
}

void LineFates::say_refused() {
  const Unsaid unsaid = state_.with([](State& state) { return std::exchange(state.unsaid, {}); });
  if (unsaid.count == 0) return;
  // Where the answer stayed away, the broker may have written them all the same.
  const Error& reason = *unsaid.reason;
  const bool is_known = reason.code == ErrorCode::kKafka || reason.code == ErrorCode::kTooLarge;
  const std::string_view fate = is_known ? "written" : "acknowledged";
  if (unsaid.count == 1) {
    console_.note("millrace: line {} was not {}: {}\n", unsaid.first, fate, reason.message);
  } else {
    console_.note("millrace: {} lines from {} to {} were not {}: {}\n", unsaid.count, unsaid.first,
                  unsaid.last, fate, reason.message);
  }
}

std::uint64_t LineFates::written() const {
  return state_.with([](const State& state) { return state.written; });
}

std::uint64_t LineFates::refused() const {
  return state_.with([](const State& state) { return state.refused; });
}

}  // namespace millrace::cli
