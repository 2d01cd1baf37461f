#include "streams/runtime/task_set.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace millrace::streams {

TaskSet::TaskSet(const Topology& topology, TaskOptions options, RecordCollector& collector)
    : topology_(topology), options_(std::move(options)), collector_(collector) {
  for (std::size_t i = 0; i < topology_.plans().size(); ++i) {
    for (const TopicRef& topic : topology_.plans()[i].source_topics()) {
      plan_of_topic_[topic.resolve(options_.application_id)] = i;
    }
  }
}

std::vector<std::string> TaskSet::source_topics() const {
  std::vector<std::string> topics;
  for (const auto& [topic, plan] : plan_of_topic_) topics.push_back(topic);
  return topics;
}

TaskId TaskSet::task_of(const TopicPartition& partition) const {
  const auto plan = plan_of_topic_.find(partition.topic);
  CHECK(plan != plan_of_topic_.end(), "{} is no source topic", partition.topic);
  return {topology_.plans()[plan->second].subtopology, partition.partition};
}

Result<std::unique_ptr<Task>> TaskSet::make(TaskId id) const {
  const auto plan =
      std::find_if(topology_.plans().begin(), topology_.plans().end(),
                   [&](const TaskPlan& each) { return each.subtopology == id.subtopology; });
  CHECK(plan != topology_.plans().end(), "no sub-topology {}", id.subtopology);
  auto made = Task::create(*plan, id, options_, collector_);
  if (!made.ok()) return std::move(made).error().with_context("task " + id.to_string());
  return made;
}

Result<std::vector<Task*>> TaskSet::assign(std::span<const TopicPartition> partitions) {
  std::vector<Task*> made;
  for (const TopicPartition& partition : partitions) {
    const TaskId id = task_of(partition);
    Owned& owned = tasks_[id];
    owned.topics.push_back(partition.topic);
    if (owned.task != nullptr) continue;
    if (const auto aside = set_aside_.find(id); aside != set_aside_.end()) {
      owned.task = std::move(aside->second);
      set_aside_.erase(aside);
    } else {
      auto task = make(id);
      if (!task.ok()) {
        tasks_.erase(id);
        return std::move(task).error();
      }
      owned.task = std::move(*task);
    }
    made.push_back(owned.task.get());
  }
  for (const auto& [id, task] : set_aside_) past_ += task->metrics();
  set_aside_.clear();
  return made;
}

std::vector<TaskId> TaskSet::revoke(std::span<const TopicPartition> partitions) {
  std::vector<TaskId> taken;
  for (const TopicPartition& partition : partitions) {
    const auto owned = tasks_.find(task_of(partition));
    if (owned == tasks_.end()) continue;
    std::erase(owned->second.topics, partition.topic);
    if (!owned->second.topics.empty()) continue;
    taken.push_back(owned->first);
    put_aside(std::move(owned->second.task));
    tasks_.erase(owned);
  }
  return taken;
}

void TaskSet::put_aside(std::unique_ptr<Task> task) {
  const bool is_kept =
      !task->has_failed() && task->lay_aside().ok() && task->has_restorable_state();
  if (is_kept) {
    const TaskId id = task->id();
    set_aside_[id] = std::move(task);
  } else {
    past_ += task->metrics();
  }
}

Result<Task*> TaskSet::make_anew(TaskId id) {
  auto made = make(id);
  if (!made.ok()) return std::move(made).error();
  Owned& owned = tasks_.at(id);
  past_ += owned.task->metrics();
  owned.task = std::move(*made);
  return owned.task.get();
}

std::vector<TopicPartition> TaskSet::partitions_of(TaskId id) const {
  std::vector<TopicPartition> partitions;
  if (const auto owned = tasks_.find(id); owned != tasks_.end()) {
    for (const std::string& topic : owned->second.topics) {
      partitions.push_back({topic, id.partition});
    }
  }
  return partitions;
}

Task* TaskSet::find(TaskId id) {
  const auto owned = tasks_.find(id);
  return owned == tasks_.end() ? nullptr : owned->second.task.get();
}

Status TaskSet::process(client::PolledRecords polled, MonotonicTime now) {
  if (!polled.partitions().empty()) {
    const auto held = std::make_shared<const client::PolledRecords>(std::move(polled));
    for (const client::PartitionRecords& part : *held) {
      const auto owned = tasks_.find(task_of(part.partition));
      if (owned == tasks_.end()) continue;  // revoked since it was fetched
      owned->second.task->add({part.partition.topic, part.records, part.next_offset, held});
    }
  }
  for (const auto& [id, owned] : tasks_) {
    if (!owned.task->has_input()) continue;
    if (Status status = owned.task->process(now); !status.ok()) {
      return std::move(status).error().with_context("task " + id.to_string());
    }
  }
  return {};
}

std::vector<TopicPartition> TaskSet::partitions_with_unfinished(std::size_t count) const {
  std::vector<TopicPartition> found;
  for (const auto& [id, owned] : tasks_) {
    if (!owned.task->has_input()) continue;
    for (const std::string& topic : owned.topics) {
      if (owned.task->unfinished_records(topic) < count) continue;
      found.push_back({topic, id.partition});
    }
  }
  return found;
}

std::vector<Task*> TaskSet::all() const {
  std::vector<Task*> tasks;
  for (const auto& [id, owned] : tasks_) tasks.push_back(owned.task.get());
  return tasks;
}

TaskMetrics TaskSet::metrics() const {
  TaskMetrics sum = past_;
  for (const auto& [id, task] : set_aside_) sum += task->metrics();
  for (const auto& [id, owned] : tasks_) sum += owned.task->metrics();
  return sum;
}

}  // namespace millrace::streams
