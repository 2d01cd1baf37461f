// TaskSet: the tasks of one thread, by the partitions that the group has given it.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/consumer.h"
#include "streams/runtime/record_collector.h"
#include "streams/runtime/task.h"
#include "streams/topology/topology.h"

namespace millrace::streams {

/// A task lives as long as at least one partition of its source topics is assigned. One that loses
/// the last is set aside with its state, as far as that is restored or committed: it goes on there
/// if the next assignment gives it back.
/// thread  its StreamThread's
class TaskSet {
 public:
  /// `topology` and `collector` must outlive it.
  TaskSet(const Topology& topology, TaskOptions options, RecordCollector& collector);

  /// Every source topic of the topology.
  std::vector<std::string> source_topics() const;

  /// Makes the tasks that `partitions` call for, or takes back those that were set aside, and
  /// returns them, not yet started. Drops those that stay aside.
  /// errors  those of Task::create
  Result<std::vector<Task*>> assign(std::span<const TopicPartition> partitions);
  /// Takes away the tasks that `partitions` were the last of, and returns their names.
  std::vector<TaskId> revoke(std::span<const TopicPartition> partitions);
  /// Puts a new task, not started, in the place of one whose state is worth nothing.
  Result<Task*> make_anew(TaskId id);

  /// Assigned partitions of a task.
  std::vector<TopicPartition> partitions_of(TaskId id) const;
  /// Null when it is not here.
  Task* find(TaskId id);

  /// Hands what one poll gave to the tasks, which process all of it but what waits for another
  /// source.                                                   cost  one allocation a poll
  Status process(client::PolledRecords polled, MonotonicTime now);
  /// Assigned partitions of which at least `count` records wait for another source.
  std::vector<TopicPartition> partitions_with_unfinished(std::size_t count) const;

  std::vector<Task*> all() const;
  std::size_t size() const { return tasks_.size(); }
  /// Of the tasks here and of those that were here.
  TaskMetrics metrics() const;

 private:
  struct Owned {
    std::unique_ptr<Task> task;
    std::vector<std::string> topics;  // assigned source topics
  };

  TaskId task_of(const TopicPartition& partition) const;
  Result<std::unique_ptr<Task>> make(TaskId id) const;
  void put_aside(std::unique_ptr<Task> task);

  const Topology& topology_;
  TaskOptions options_;
  RecordCollector& collector_;
  std::map<std::string, std::size_t, std::less<>> plan_of_topic_;
  std::map<TaskId, Owned> tasks_;
  std::map<TaskId, std::unique_ptr<Task>> set_aside_;  // not started, not assigned
  TaskMetrics past_;
};

}  // namespace millrace::streams
