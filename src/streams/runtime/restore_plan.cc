#include "streams/runtime/restore_plan.h"

#include <algorithm>

#include "base/check.h"

namespace millrace::streams {

void RestorePlan::add(TaskId task, const std::vector<ChangelogPosition>& changelogs,
                      MonotonicTime now) {
  const bool is_new = tasks_.try_emplace(task, Restoring{changelogs.size()}).second;
  CHECK(is_new, "task {} is being restored already", task.to_string());
  for (const ChangelogPosition& changelog : changelogs) {
    partitions_[{changelog.topic, task.partition}] = {
        .task = task, .next = changelog.next, .moved_at = now};
  }
}

void RestorePlan::remove(TaskId task) {
  if (tasks_.erase(task) == 0) return;
  std::erase_if(partitions_, [&](const auto& each) { return each.second.task == task; });
}

std::vector<TopicPartition> RestorePlan::without_range() const {
  std::vector<TopicPartition> found;
  for (const auto& [name, partition] : partitions_) {
    if (partition.step == Step::kAsk) found.push_back(name);
  }
  return found;
}

void RestorePlan::on_range(const TopicPartition& name, Offset begin, Offset end) {
  const auto found = partitions_.find(name);
  if (found == partitions_.end() || found->second.step != Step::kAsk) return;
  Partition& partition = found->second;
  const bool has_begun = partition.next > Offset{0};
  if (has_begun && (partition.next < begin || partition.next > end)) {
    tasks_.at(partition.task).is_outdated = true;
    return;
  }
  partition.next = std::max(partition.next, begin);
  partition.end = end;
  partition.step = Step::kRead;
  if (partition.next >= partition.end) finish(partition);
}

std::map<TopicPartition, Offset> RestorePlan::to_read() const {
  std::map<TopicPartition, Offset> found;
  for (const auto& [name, partition] : partitions_) {
    if (partition.step == Step::kRead) found.emplace(name, partition.next);
  }
  return found;
}

std::optional<TaskId> RestorePlan::owner(const TopicPartition& name) const {
  const auto found = partitions_.find(name);
  if (found == partitions_.end() || found->second.step != Step::kRead) return std::nullopt;
  return found->second.task;
}

void RestorePlan::on_progress(const TopicPartition& name, Offset next, MonotonicTime now) {
  const auto found = partitions_.find(name);
  if (found == partitions_.end() || found->second.step != Step::kRead) return;
  Partition& partition = found->second;
  if (next <= partition.next) return;
  partition.next = next;
  partition.moved_at = now;
  if (partition.next >= partition.end) finish(partition);
}

void RestorePlan::finish(Partition& partition) {
  partition.step = Step::kDone;
  --tasks_.at(partition.task).partitions_left;
}

std::vector<TaskId> RestorePlan::take_finished() {
  std::vector<TaskId> found;
  for (const auto& [task, restoring] : tasks_) {
    if (restoring.partitions_left == 0) found.push_back(task);
  }
  for (const TaskId task : found) remove(task);
  return found;
}

std::vector<TaskId> RestorePlan::take_outdated() {
  std::vector<TaskId> found;
  for (const auto& [task, restoring] : tasks_) {
    if (restoring.is_outdated) found.push_back(task);
  }
  for (const TaskId task : found) remove(task);
  return found;
}

std::optional<TopicPartition> RestorePlan::silent_since(MonotonicTime now, Millis limit) const {
  for (const auto& [name, partition] : partitions_) {
    if (partition.step != Step::kDone && now - partition.moved_at > limit) return name;
  }
  return std::nullopt;
}

}  // namespace millrace::streams
