#include "streams/runtime/changelog_restorer.h"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace millrace::streams {
namespace {

constexpr Millis kPollTime{100};
constexpr Millis kSilenceMax{60'000};

struct Unfinished {
  Task* task;
  Offset end;
};
using Restoring = std::map<TopicPartition, Unfinished>;

/// The changelog partitions that hold anything.
Result<Restoring> find_work(client::Consumer& consumer, std::span<Task* const> tasks) {
  std::map<TopicPartition, Task*> owners;
  client::PartitionList partitions;
  for (Task* const task : tasks) {
    for (const std::string& topic : task->changelog_topics()) {
      partitions.push_back({topic, task->id().partition});
      owners[partitions.back()] = task;
    }
  }
  Restoring restoring;
  if (partitions.empty()) return restoring;
  auto begins = consumer.beginning_offsets(partitions);
  if (!begins.ok()) return std::move(begins).error();
  auto ends = consumer.end_offsets(partitions);
  if (!ends.ok()) return std::move(ends).error();
  for (const auto& [partition, end] : *ends) {
    const auto begin = begins->find(partition);
    if (begin != begins->end() && begin->second < end) {
      restoring[partition] = {owners.at(partition), end};
    }
  }
  return restoring;
}

/// Takes out of `restoring` what has been read to its end.
Status drop_finished(client::Consumer& consumer, Restoring& restoring) {
  client::PartitionList finished;
  for (auto one = restoring.begin(); one != restoring.end();) {
    const auto position = consumer.position(one->first);
    if (!position.ok()) return position.error();
    if (*position < one->second.end) {
      ++one;
      continue;
    }
    finished.push_back(one->first);
    one = restoring.erase(one);
  }
  consumer.pause(finished);
  return {};
}

Status read_all(client::Consumer& consumer, Restoring& restoring, const Clock& clock,
                const std::atomic<bool>& cancel) {
  MonotonicTime last_progress = clock.monotonic();
  while (!restoring.empty()) {
    if (cancel.load()) return Error{ErrorCode::kCancelled, "restore was given up"};
    auto polled = consumer.poll(kPollTime);
    if (!polled.ok()) return std::move(polled).error();
    for (const client::PartitionRecords& part : *polled) {
      const auto owner = restoring.find(part.partition);
      if (owner == restoring.end()) continue;
      owner->second.task->restore(part.partition.topic, part.records);
    }
    if (Status status = drop_finished(consumer, restoring); !status.ok()) return status;
    const MonotonicTime now = clock.monotonic();
    if (!polled->empty()) last_progress = now;
    if (now - last_progress > kSilenceMax) {
      return Error{ErrorCode::kTimeout,
                   fmt::format("restore: nothing came from {} for {} s", restoring.begin()->first,
                               kSilenceMax.count() / 1000)};
    }
  }
  return {};
}

}  // namespace

Status ChangelogRestorer::restore(std::span<Task* const> tasks, const std::atomic<bool>& cancel) {
  bool has_changelog = false;
  for (const Task* const task : tasks) {
    has_changelog = has_changelog || !task->changelog_topics().empty();
  }
  if (!has_changelog) return {};

  auto consumer = client::Consumer::create(properties_, {}, &env_);
  if (!consumer.ok()) return std::move(consumer).error();
  auto restoring = find_work(*consumer, tasks);
  if (!restoring.ok()) return std::move(restoring).error();
  if (restoring->empty()) return {};

  client::PartitionList partitions;
  for (const auto& [partition, work] : *restoring) partitions.push_back(partition);
  if (Status status = consumer->assign(partitions); !status.ok()) return status;
  if (Status status = consumer->seek_to_beginning(partitions); !status.ok()) return status;
  return read_all(*consumer, *restoring, env_.clock(), cancel);
}

}  // namespace millrace::streams
