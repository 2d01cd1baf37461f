#include "streams/runtime/committer.h"

#include <string>
#include <utility>

#include "wire/error_codes.h"

namespace millrace::streams {

Result<client::OffsetsToCommit> Committer::commit(TaskSet& tasks) {
  client::OffsetsToCommit offsets;
  bool has_changelog = false;
  for (const Task* const task : tasks.all()) {
    for (const auto& [topic, next] : task->committable_offsets()) {
      offsets[{topic, task->id().partition}] = {next};
    }
    has_changelog = has_changelog || (task->needs_commit() && !task->changelog_topics().empty());
  }
  if (offsets.empty()) return offsets;

  if (Status flushed = collector_.flush(); !flushed.ok()) return std::move(flushed).error();
  for (Task* const task : tasks.all()) {
    if (!task->needs_commit()) continue;
    if (Status written = task->write_changelogs(); !written.ok()) return std::move(written).error();
  }
  if (has_changelog) {
    if (Status flushed = collector_.flush(); !flushed.ok()) return std::move(flushed).error();
  }
  if (Status committed = consumer_.commit_sync(offsets); !committed.ok()) {
    return std::move(committed).error();
  }
  // Asked anew: some tasks may have been revoked meanwhile. None has processed anything since.
  for (Task* const task : tasks.all()) {
    if (!task->needs_commit()) continue;
    if (Status done = task->commit_done(); !done.ok()) return std::move(done).error();
  }
  return offsets;
}

bool is_rebalance_error(const Error& error) {
  return wire::needs_rejoin(error);
}

}  // namespace millrace::streams
