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
/// the last while it is being restored is set aside, with what it has read so far: it goes on there
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
  std::vector<Task*> assign(std::span<const TopicPartition> partitions);
  /// Takes away the tasks that `partitions` were the last of, and returns their names.
  std::vector<TaskId> revoke(std::span<const TopicPartition> partitions);
  /// Puts a new task, not started, in the place of one whose state is worth nothing.
  Task& make_anew(TaskId id);

  /// Assigned partitions of a task.
  std::vector<TopicPartition> partitions_of(TaskId id) const;
  /// Null when it is not here.
  Task* find(TaskId id);

  /// Processes everything that one poll gave.
  Status process(const client::PolledRecords& polled);

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
  std::unique_ptr<Task> make(TaskId id) const;

  const Topology& topology_;
  TaskOptions options_;
  RecordCollector& collector_;
  std::map<std::string, std::size_t, std::less<>> plan_of_topic_;
  std::map<TaskId, Owned> tasks_;
  std::map<TaskId, std::unique_ptr<Task>> set_aside_;  // not started, not assigned
  std::map<TaskId, std::vector<InputBatch>> inputs_;   // of one process(), kept for its memory
  TaskMetrics past_;
};

}  // namespace millrace::streams
