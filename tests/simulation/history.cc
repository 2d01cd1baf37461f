#include "tests/simulation/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace millrace::simulation {

History::Line History::line(std::string text) {
  return {clock_.monotonic(), count_++, std::move(text)};
}

void History::did(std::string what) {
  done_.push_back(line(std::move(what)));
}

void History::saw(std::string what) {
  seen_.push_back(line(std::move(what)));
  if (seen_.size() > kSeenMax) seen_.pop_front();
}

void History::violated(std::string what) {
  if (violation_) return;
  violation_ = what;
  done_.push_back(line("VIOLATION: " + std::move(what)));
}

std::string History::shortened() const {
  std::vector<Line> lines = done_;
  lines.insert(lines.end(), seen_.begin(), seen_.end());
  std::sort(lines.begin(), lines.end(),
            [](const Line& left, const Line& right) { return left.number < right.number; });
  std::string text;
  for (const Line& each : lines) {
    const auto at = std::chrono::duration_cast<Millis>(each.at - start_);
    text += fmt::format("{:>8}.{:03} {}\n", at.count() / 1000, at.count() % 1000, each.text);
  }
  return text;
}

}  // namespace millrace::simulation
