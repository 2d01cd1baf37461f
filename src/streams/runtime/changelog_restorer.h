// ChangelogRestorer: brings the state of new tasks back from their changelog topics, a slice at a
// time, so that its thread can poll its group between the slices however long a restore takes.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "client/consumer.h"
#include "client/properties.h"
#include "io/env.h"
#include "streams/runtime/restore_plan.h"
#include "streams/runtime/task.h"

namespace millrace::streams {

/// Reads with a consumer of its own, outside the group, which lives while there is something to
/// restore.
///
/// Invariant: what a task's store was given and what the task says of its changelogs' positions
/// agree between two calls, so a task may be taken away and added again at any time.
///
/// thread  its StreamThread's
class ChangelogRestorer {
 public:
  /// properties  of a consumer, without group.id
  ChangelogRestorer(client::Properties properties, io::Env& env)
      : properties_(std::move(properties)), env_(env) {}

  /// Begins to restore `task`, or goes on where it was left. It must stay until it was given back
  /// or removed.
  void add(Task& task);
  void remove(TaskId task);
  bool is_idle() const { return plan_.is_idle(); }

  struct Slice {
    std::vector<TaskId> finished = {};  // have all of their state
    std::vector<TaskId> outdated = {};  // must be made anew and added again
  };
  /// Restores for about `length`; returns sooner when a task is through.
  /// errors  kTimeout when nothing came from a changelog for a minute; the consumer's
  /// cost    when it begins with a task, one question to the brokers for its changelogs' ranges
  Result<Slice> run(Millis length);

 private:
  Status ask_ranges();
  Status read_as_planned();
  Status read_some(Millis timeout);

  client::Properties properties_;
  io::Env& env_;
  RestorePlan plan_;
  std::map<TaskId, Task*> tasks_;
  std::optional<client::Consumer> consumer_;
};

}  // namespace millrace::streams
