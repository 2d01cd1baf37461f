#include "storage/log/leader_epochs.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/directory/checkpoint_text.h"

namespace millrace::storage {

bool LeaderEpochs::assign(LeaderEpoch epoch, Offset start) {
  if (epoch.value() < 0 || start.value() < 0) return false;
  if (!starts_.empty() && starts_.back().epoch == epoch && starts_.back().start_offset <= start) {
    return false;
  }
  while (!starts_.empty() &&
         (starts_.back().epoch >= epoch || starts_.back().start_offset >= start)) {
    starts_.pop_back();
  }
  starts_.push_back({epoch, start});
  return true;
}

bool LeaderEpochs::truncate_from_end(Offset end) {
  const std::size_t before = starts_.size();
  while (!starts_.empty() && starts_.back().start_offset >= end) starts_.pop_back();
  return starts_.size() != before;
}

bool LeaderEpochs::truncate_from_start(Offset start) {
  const auto later = std::find_if(starts_.begin(), starts_.end(), [start](const EpochStart& entry) {
    return entry.start_offset > start;
  });
  if (later == starts_.begin()) return false;
  const auto first = std::prev(later);
  if (first == starts_.begin() && first->start_offset == start) return false;
  first->start_offset = start;
  starts_.erase(starts_.begin(), first);
  return true;
}

LeaderEpoch LeaderEpochs::latest() const {
  return starts_.empty() ? kNoLeaderEpoch : starts_.back().epoch;
}

EpochEndOffset LeaderEpochs::end_offset_for(LeaderEpoch epoch, Offset log_end) const {
  if (epoch == kNoLeaderEpoch || starts_.empty()) return {};
  if (epoch == latest()) return {epoch, log_end};
  const auto higher =
      std::find_if(starts_.begin(), starts_.end(),
                   [epoch](const EpochStart& entry) { return entry.epoch > epoch; });
  if (higher == starts_.end()) return {};
  if (higher == starts_.begin()) return {epoch, higher->start_offset};
  return {std::prev(higher)->epoch, higher->start_offset};
}

std::string LeaderEpochs::encode() const {
  std::string text = checkpoint_head(starts_.size());
  for (const EpochStart& entry : starts_) {
    text += fmt::format("{} {}\n", entry.epoch, entry.start_offset);
  }
  return text;
}

Result<LeaderEpochs> LeaderEpochs::decode(std::string_view text) {
  auto lines = checkpoint_lines(text);
  if (!lines.ok()) return std::move(lines).error();
  LeaderEpochs epochs;
  for (const std::string_view line : *lines) {
    const auto fields = split_fields(line);
    const bool is_pair = fields.size() == 2;
    const std::int64_t epoch = is_pair ? parse_number(fields[0]).value_or(-1) : -1;
    const std::int64_t start = is_pair ? parse_number(fields[1]).value_or(-1) : -1;
    if (epoch < 0 || epoch > INT32_MAX || start < 0) {
      return Error{ErrorCode::kCorrupt, fmt::format("wanted 'epoch offset', found '{}'", line)};
    }
    epochs.assign(LeaderEpoch{static_cast<std::int32_t>(epoch)}, Offset{start});
  }
  return epochs;
}

}  // namespace millrace::storage
