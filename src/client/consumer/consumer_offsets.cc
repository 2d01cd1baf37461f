// Positions and offsets: where reading goes on, what is committed, where partitions begin and end.
#include <optional>
#include <utility>

#include "base/fence.h"
#include "base/log.h"
#include "base/probe.h"
#include "client/consumer/consumer_core.h"
#include "wire/error_codes.h"

namespace millrace::client {

OffsetsToCommit Consumer::Core::positions() {
  return shared_.with([](auto& state) {
    OffsetsToCommit offsets;
    for (const TopicPartition& each : state.fetch.assignment()) {
      if (const auto position = state.fetch.position(each)) {
        offsets[each] = {*position, state.fetch.position_epoch(each), {}};
      }
    }
    return offsets;
  });
}

void Consumer::Core::commit_by_and_by() {
  if (!config_.auto_commit_interval) return;
  const MonotonicTime now = clock_.monotonic();
  if (next_auto_commit_ == MonotonicTime{}) next_auto_commit_ = now + *config_.auto_commit_interval;
  if (now < next_auto_commit_) return;
  next_auto_commit_ = now + *config_.auto_commit_interval;
  const auto offsets = positions();
  if (offsets.empty()) return;
  commit_async(offsets, [](const Status& status) {
    if (!status.ok()) LOG_WARN("automatic commit failed", {{"error", status.error().to_string()}});
  });
}

// As whom what was refused for an epoch that has passed is committed again: nobody once the member
// has lost its place, or holds one of the partitions no more. Others may own them then, and have
// committed further.
std::optional<ConsumerGroupMetadata> Consumer::Core::member_still_holding(
    const OffsetsToCommit& offsets, std::uint64_t places_lost) {
  return shared_.with([&](auto& state) -> std::optional<ConsumerGroupMetadata> {
    if (!state.has_place || state.places_lost != places_lost) return std::nullopt;
    for (const auto& [partition, offset] : offsets) {
      if (!state.fetch.is_assigned(partition)) return std::nullopt;
    }
    return state.membership;
  });
}

// On the loop.
void Consumer::Core::commit(const OffsetsToCommit& offsets, GroupUse use, MonotonicTime deadline,
                            std::function<void(Status)> done) {
  ConsumerGroupMetadata mine = outside_of_the_group();
  std::uint64_t places_lost = 0;
  if (use == GroupUse::kMember) {
    shared_.with([&](auto& state) {
      mine = state.membership;
      places_lost = state.places_lost;
    });
    // Without a generation the coordinator would take it for a commit from outside of the group.
    if (mine.generation < 0) {
      return done(wire::make_error(wire::KafkaError::kUnknownMemberId,
                                   fmt::format("commit of group {}: this consumer has no place in "
                                               "it at present; poll() takes one",
                                               config_.group_id)));
    }
  }
  const auto again = [this, offsets, use, deadline, done] { commit(offsets, use, deadline, done); };
  commit_offsets(
      *cluster_, mine, offsets, deadline,
      [this, mine, offsets, places_lost, deadline, again, done](const Status& status) {
        if (group_ != nullptr) group_->commit_answered(mine, status);
        const bool is_stale = !status.ok() && wire::kafka_error_of(status.error()) ==
                                                  wire::KafkaError::kStaleMemberEpoch;
        const auto member = is_stale ? member_still_holding(offsets, places_lost) : std::nullopt;
        if (!member) return done(status);
        const bool is_newer = member->generation > mine.generation;
        const Millis delay = is_newer ? Millis{0} : config_.connection.retry_backoff.base;
        if (thread_.loop().now() + delay >= deadline) return done(status);
        PROBE("client: a commit was made again in a newer epoch");
        cluster_->call_later(delay, [again, done, status](const Status& open) {
          if (!open.ok()) return done(status);
          again();
        });
      });
}

Status Consumer::Core::commit_sync(const OffsetsToCommit& offsets, Millis timeout) {
  if (auto status = check_open(); !status.ok()) return status;
  if (auto status = check_group(); !status.ok()) return status;
  if (offsets.empty()) return {};
  auto status = thread_.await<Status>([&](std::function<void(Status)> done) {
    commit(offsets, group_use(), thread_.loop().now() + timeout, std::move(done));
  });
  if (status.ok()) shared_.with([](auto& state) { ++state.metrics.commits; });
  if (const auto run = run_callbacks(); !run.ok()) keep_first(status, run.error());
  return status;
}

void Consumer::Core::commit_async(const OffsetsToCommit& offsets, CommitCallback done) {
  const auto finish = [this](CommitCallback callback, const Status& status) {
    shared_.change([&](auto& state) {
      if (status.ok()) ++state.metrics.commits;
      if (!callback) return;
      state.for_application.push_back({ApplicationCall::Kind::kCommitDone, [callback, status] {
                                         return fenced("the callback of a commit",
                                                       [&] { callback(status); });
                                       }});
    });
  };
  if (is_closed_) return;
  if (auto status = check_group(); !status.ok()) return finish(done, status);
  if (offsets.empty()) return finish(done, {});
  thread_.post([this, offsets, use = group_use(), finish, done = std::move(done)] {
    if (cluster_ == nullptr) return;
    commit(offsets, use, thread_.loop().now() + config_.api_timeout,
           [finish, done](const Status& status) { finish(done, status); });
  });
}

Result<CommittedOffsets> Consumer::Core::committed(const PartitionList& partitions) {
  if (auto status = check_open(); !status.ok()) return std::move(status).error();
  if (auto status = check_group(); !status.ok()) return std::move(status).error();
  using Committed = Result<CommittedOffsets>;
  return thread_.await<Committed>([&](std::function<void(Committed)> done) {
    fetch_committed(*cluster_, config_.group_id, partitions, RequireStable::kYes,
                    thread_.loop().now() + config_.api_timeout, std::move(done));
  });
}

Status Consumer::Core::seek(const TopicPartition& partition, Offset offset) {
  if (auto status = check_open(); !status.ok()) return status;
  if (offset.value() < 0) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("seek of {}: wanted an offset from 0, found {}", partition, offset)};
  }
  const bool found = shared_.with([&](auto& state) { return state.fetch.seek(partition, offset); });
  if (!found) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("seek of {}, which is not assigned to this consumer", partition)};
  }
  tell_fetcher();
  return {};
}

Status Consumer::Core::seek(const PartitionList& partitions, PositionSource source) {
  if (auto status = check_open(); !status.ok()) return status;
  for (const TopicPartition& partition : partitions) {
    const bool found =
        shared_.with([&](auto& state) { return state.fetch.seek(partition, source); });
    if (!found) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("seek of {}, which is not assigned to this consumer", partition)};
    }
  }
  tell_fetcher();
  return {};
}

Result<Offset> Consumer::Core::position(const TopicPartition& partition) {
  if (auto status = check_open(); !status.ok()) return std::move(status).error();
  std::optional<Result<Offset>> outcome;
  const auto is_known = [&](auto& state) {
    if (!state.fetch.is_assigned(partition)) {
      outcome = Error{ErrorCode::kInvalidArgument,
                      fmt::format("{} is not assigned to this consumer", partition)};
    } else if (const auto position = state.fetch.position(partition)) {
      outcome = *position;
    } else if (state.is_woken) {
      state.is_woken = false;
      outcome = Error{ErrorCode::kCancelled, "wakeup() was called"};
    }
    return outcome.has_value();
  };
  if (shared_.wait(config_.api_timeout, is_known)) return std::move(*outcome);
  return Error{ErrorCode::kTimeout, fmt::format("no position of {} in time", partition)};
}

Result<std::int32_t> Consumer::Core::partition_count(std::string_view topic) {
  if (auto status = check_open(); !status.ok()) return std::move(status).error();
  const std::string name(topic);
  auto status = thread_.await<Status>([&](std::function<void(Status)> done) {
    cluster_->await_topics({name}, thread_.loop().now() + config_.api_timeout, std::move(done));
  });
  if (!status.ok()) return std::move(status).error();
  return known_partition_count(topic).value_or(0);
}

std::optional<std::int32_t> Consumer::Core::known_partition_count(std::string_view topic) {
  std::optional<std::int32_t> count;
  if (is_closed_) return count;
  thread_.run([&] {
    const TopicMetadata* const known = cluster_->metadata().topic(topic);
    if (known == nullptr || known->partitions.empty()) return;
    count = static_cast<std::int32_t>(known->partitions.size());
  });
  return count;
}

Result<std::map<TopicPartition, OffsetAndTimestamp>> Consumer::Core::list(
    const std::map<TopicPartition, std::int64_t>& wanted) {
  if (auto status = check_open(); !status.ok()) return std::move(status).error();
  auto listed = thread_.await<ListedOffsets>([&](std::function<void(ListedOffsets)> done) {
    list_offsets(*cluster_, wanted, config_.isolation_level,
                 thread_.loop().now() + config_.api_timeout, std::move(done));
  });
  std::map<TopicPartition, OffsetAndTimestamp> found;
  for (auto& [partition, offset] : listed) {
    if (!offset.ok()) return std::move(offset).error();
    if (offset->offset == kNoOffset) continue;
    found[partition] = {offset->offset, offset->timestamp};
  }
  return found;
}

}  // namespace millrace::client
