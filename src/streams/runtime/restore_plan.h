// RestorePlan: which changelogs are read for which tasks, from where to where, and when a task has
// all of its state. Pure: runtime/changelog_restorer.h reads as it says.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "model/topic_partition.h"
#include "streams/task_id.h"

namespace millrace::streams {

/// How far a task has read a changelog: the offset of the next record to take.
struct ChangelogPosition {
  std::string topic;
  Offset next{0};
};

/// The way of one changelog partition: its range is not known; it is read; it is done.
///
/// Invariants: a partition that is read has next < end. A task is finished exactly when all of its
/// partitions are done, and is then given out once. A task that goes takes its partitions with it;
/// how far they were read is the task's to remember, so that it may come back and go on.
class RestorePlan {
 public:
  /// `changelogs` may be empty: the task is finished at once.
  void add(TaskId task, const std::vector<ChangelogPosition>& changelogs, MonotonicTime now);
  /// Does nothing for a task that is not here.
  void remove(TaskId task);
  /// Whether there is nothing to read and no finished task to take.
  bool is_idle() const { return tasks_.empty(); }

  /// Partitions whose first and end offsets have to be asked for.
  std::vector<TopicPartition> without_range() const;
  /// What the topic holds now, from `begin` up to `end`. Once a partition has its range it reads up
  /// to this end: what is written later is this application's own, once the task runs.
  void on_range(const TopicPartition& partition, Offset begin, Offset end);

  /// Partitions to be read now, and from where.
  std::map<TopicPartition, Offset> to_read() const;
  /// Whom its records belong to; null when it is not read.
  std::optional<TaskId> owner(const TopicPartition& partition) const;
  /// Everything before `next` was given to the task.
  void on_progress(const TopicPartition& partition, Offset next, MonotonicTime now);

  /// Tasks that have all of their state. They leave the plan.
  std::vector<TaskId> take_finished();
  /// Tasks that had begun to read what the topic no longer holds: the topic was made anew, or cut
  /// behind what was read. Their state is worth nothing; they leave the plan.
  std::vector<TaskId> take_outdated();

  /// A partition that has made no progress for `limit`, while it was being read.
  std::optional<TopicPartition> silent_since(MonotonicTime now, Millis limit) const;

 private:
  enum class Step { kAsk, kRead, kDone };
  struct Partition {
    TaskId task;
    Step step = Step::kAsk;
    Offset next{0};
    Offset end{0};
    MonotonicTime moved_at{};
  };
  struct Restoring {
    std::size_t partitions_left = 0;
    bool is_outdated = false;
  };

  void finish(Partition& partition);

  std::map<TopicPartition, Partition> partitions_;
  std::map<TaskId, Restoring> tasks_;
};

}  // namespace millrace::streams
