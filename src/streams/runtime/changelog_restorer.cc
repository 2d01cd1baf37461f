#include "streams/runtime/changelog_restorer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "wire/error_codes.h"

namespace millrace::streams {
namespace {

constexpr Millis kSilenceMax{60'000};
constexpr Millis kPollTimeMax{20};

}  // namespace

void ChangelogRestorer::add(Task& task) {
  tasks_[task.id()] = &task;
  plan_.add(task.id(), task.changelog_positions(), env_.clock().monotonic());
}

void ChangelogRestorer::remove(TaskId task) {
  plan_.remove(task);
  tasks_.erase(task);
}

Result<ChangelogRestorer::Slice> ChangelogRestorer::run(Millis length) {
  const MonotonicTime until = env_.clock().monotonic() + length;
  Slice slice;
  while (!plan_.is_idle()) {
    slice.finished = plan_.take_finished();
    slice.outdated = plan_.take_outdated();
    if (!slice.finished.empty() || !slice.outdated.empty()) break;
    const MonotonicTime now = env_.clock().monotonic();
    if (now >= until) break;
    if (const auto silent = plan_.silent_since(now, kSilenceMax)) {
      return Error{ErrorCode::kTimeout, fmt::format("restore: nothing came from {} for {} s",
                                                    *silent, kSilenceMax.count() / 1000)};
    }
    if (Status asked = ask_ranges(); !asked.ok()) return std::move(asked).error();
    if (Status read = read_some(std::chrono::ceil<Millis>(until - now)); !read.ok()) {
      return std::move(read).error();
    }
  }
  for (const auto* const gone : {&slice.finished, &slice.outdated}) {
    for (const TaskId task : *gone) tasks_.erase(task);
  }
  if (plan_.is_idle()) consumer_.reset();
  return slice;
}

/// A time-out is not the end: the plan asks again in the next slice, until the silence is too long.
Status ChangelogRestorer::ask_ranges() {
  const auto unknown = plan_.without_range();
  if (unknown.empty()) return {};
  if (!consumer_) {
    auto consumer = client::Consumer::create(properties_, {}, &env_);
    if (!consumer.ok()) return std::move(consumer).error();
    consumer_.emplace(std::move(*consumer));
  }
  const auto begins = consumer_->beginning_offsets(unknown);
  const auto ends = begins.ok() ? consumer_->end_offsets(unknown) : begins;
  if (!ends.ok()) {
    if (!wire::is_retriable(ends.error())) return ends.error();
    LOG_INFO("restore waits for the brokers", {{"reason", ends.error().message}});
    return {};
  }
  for (const TopicPartition& partition : unknown) {
    const auto begin = begins->find(partition);
    const auto end = ends->find(partition);
    if (begin == begins->end() || end == ends->end()) continue;
    plan_.on_range(partition, begin->second, end->second);
  }
  return {};
}

/// Makes the consumer read what the plan says. A partition that stays keeps what was fetched.
Status ChangelogRestorer::read_as_planned() {
  const auto planned = plan_.to_read();
  const client::PartitionList assigned = consumer_->assignment();
  client::PartitionList wanted;
  for (const auto& [partition, from] : planned) wanted.push_back(partition);
  if (wanted == assigned) return {};
  if (Status status = consumer_->assign(wanted); !status.ok()) return status;
  for (const auto& [partition, from] : planned) {
    if (std::find(assigned.begin(), assigned.end(), partition) != assigned.end()) continue;
    if (Status status = consumer_->seek(partition, from); !status.ok()) return status;
  }
  return {};
}

Status ChangelogRestorer::read_some(Millis timeout) {
  if (!consumer_) return {};
  if (Status status = read_as_planned(); !status.ok()) return status;
  const auto planned = plan_.to_read();
  if (planned.empty()) return {};
  auto polled = consumer_->poll(std::min(timeout, kPollTimeMax));
  if (!polled.ok()) return std::move(polled).error();
  for (const client::PartitionRecords& part : *polled) {
    const auto owner = plan_.owner(part.partition);
    if (!owner) continue;
    Task& task = *tasks_.at(*owner);
    Status restored = task.restore(part.partition.topic, part.records, part.next_offset);
    if (!restored.ok()) return restored;
  }
  const MonotonicTime now = env_.clock().monotonic();
  for (const auto& [partition, from] : planned) {
    const auto next = consumer_->position(partition);
    if (!next.ok()) return next.error();
    // Also where the changelog went on without a record.
    Status moved = tasks_.at(*plan_.owner(partition))->restore(partition.topic, {}, *next);
    if (!moved.ok()) return moved;
    plan_.on_progress(partition, *next, now);
  }
  return {};
}

}  // namespace millrace::streams
