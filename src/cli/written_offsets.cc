#include "cli/written_offsets.h"

#include <algorithm>

#include "wire/error_codes.h"

namespace millrace::cli {
namespace {

constexpr int kLastCommitsMax = 20;
constexpr Millis kLastPollTimeout{100};

}  // namespace

void WrittenOffsets::add(const client::OffsetsToCommit& offsets) {
  for (const auto& [partition, offset] : offsets) uncommitted_[partition] = offset;
}

Status WrittenOffsets::commit() {
  drop_what_others_have();
  if (uncommitted_.empty()) return {};
  auto status = consumer_.commit_sync(uncommitted_);
  if (!status.ok() && wire::needs_rejoin(status.error())) {
    console_.note("millrace: {}; joining the group again\n", status.error().message);
    return {};
  }
  if (status.ok()) uncommitted_.clear();
  return status;
}

Status WrittenOffsets::commit_at_last() {
  for (int tries = 0; tries < kLastCommitsMax; ++tries) {
    drop_what_others_have();
    if (uncommitted_.empty()) return {};
    consumer_.pause(consumer_.assignment());
    if (const auto polled = consumer_.poll(kLastPollTimeout); !polled.ok()) return polled.error();
    if (auto status = commit(); !status.ok()) return status;
  }
  return {};
}

void WrittenOffsets::drop_what_others_have() {
  const auto mine = consumer_.assignment();
  std::erase_if(uncommitted_, [&](const auto& entry) {
    return std::find(mine.begin(), mine.end(), entry.first) == mine.end();
  });
}

}  // namespace millrace::cli
