#include "client/consumer/consumer_core.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/fence.h"
#include "base/log.h"
#include "client/consumer/poll_collector.h"

namespace millrace::client {
namespace {

FetchPlanConfig plan_config(const ConsumerConfig& config) {
  FetchPlanConfig plan;
  plan.partition_bytes_max = static_cast<std::size_t>(config.partition_fetch_bytes_max);
  plan.total_bytes_max = static_cast<std::size_t>(config.fetch_bytes_max);
  plan.read_options = {.crc = config.check_crcs ? wire::CrcCheck::kVerify : wire::CrcCheck::kSkip,
                       .isolation = config.isolation_level};
  return plan;
}

Error no_group() {
  return Error{ErrorCode::kInvalidArgument, "this needs the property group.id, which is not set"};
}

void keep_first(Status& outcome, Status next) {
  if (outcome.ok()) outcome = std::move(next);
}

}  // namespace

Consumer::Core::Core(ConsumerConfig config, std::vector<std::shared_ptr<Assignor>> assignors,
                     RebalanceListener listener, io::LentEnv env)
    : env_(std::move(env)),
      config_(std::move(config)),
      listener_(std::move(listener)),
      clock_(env_->clock()),
      shared_(plan_config(config_), *env_),
      thread_(*env_, "consumer-io") {
  thread_.run([&] {
    cluster_ = std::make_unique<Cluster>(thread_.loop(), config_.connection, env_->make_random());
    cluster_->set_auto_create(config_.allow_auto_create_topics);
    fetcher_ = std::make_unique<Fetcher>(config_, *cluster_, shared_);
    if (!config_.group_id.empty()) {
      group_ = std::make_unique<GroupDriver>(
          config_, std::move(assignors), *cluster_, shared_,
          [this](const Rebalance& rebalance) { queue_rebalance(rebalance); });
    }
    cluster_->on_metadata([this] {
      if (group_ != nullptr) group_->metadata_changed();
      if (fetcher_ != nullptr) fetcher_->run();
    });
  });
}

Status Consumer::Core::check_open() const {
  if (is_closed_) return Error{ErrorCode::kClosed, "the consumer was closed"};
  return {};
}

Status Consumer::Core::subscribe(std::vector<std::string> topics) {
  if (auto status = check_open(); !status.ok()) return status;
  if (config_.group_id.empty()) return no_group();
  if (topics.empty()) return unsubscribe();
  const bool is_assigned_by_hand = topics_.empty() && shared_.with([](auto& state) {
    return !state.fetch.assignment().empty();
  });
  if (is_assigned_by_hand) {
    return Error{ErrorCode::kInvalidArgument,
                 "subscribe() after assign(): call unsubscribe() between them"};
  }
  topics_ = std::move(topics);
  note_poll();
  thread_.run([&] {
    cluster_->set_topics({topics_.begin(), topics_.end()});
    group_->subscribe(topics_);
  });
  return {};
}

Status Consumer::Core::assign(const PartitionList& partitions) {
  if (auto status = check_open(); !status.ok()) return status;
  if (is_grouped()) {
    return Error{ErrorCode::kInvalidArgument,
                 "assign() after subscribe(): call unsubscribe() between them"};
  }
  shared_.with([&](auto& state) { state.fetch.set_assignment(partitions); });
  std::set<std::string> topics;
  for (const TopicPartition& each : partitions) topics.insert(each.topic);
  thread_.run([&] {
    cluster_->set_topics(topics);
    fetcher_->run();
  });
  return {};
}

Status Consumer::Core::unsubscribe() {
  if (auto status = check_open(); !status.ok()) return status;
  Status outcome;
  if (is_grouped()) {
    if (config_.auto_commit_interval) (void)commit_sync(positions());
    outcome = give_up(shared_.with([](auto& state) { return state.fetch.assignment(); }),
                      GivenUp::kRevoked);
    thread_.await<bool>([&](const std::function<void(bool)>& done) {
      group_->leave("the consumer unsubscribed", [done] { done(true); });
    });
    topics_.clear();
    drop_rebalances();
  }
  shared_.with([](auto& state) { state.fetch.set_assignment({}); });
  return outcome;
}

void Consumer::Core::note_poll() {
  shared_.last_poll_ns.store(
      std::chrono::nanoseconds(clock_.monotonic().time_since_epoch()).count(),
      std::memory_order_relaxed);
}

void Consumer::Core::tell_fetcher() {
  thread_.post([this] {
    if (fetcher_ != nullptr) fetcher_->run();
  });
}

Result<PolledRecords> Consumer::Core::poll(Millis timeout) {
  if (auto status = check_open(); !status.ok()) return std::move(status).error();
  const MonotonicTime deadline =
      timeout >= Millis{INT32_MAX} ? MonotonicTime::max() : clock_.monotonic() + timeout;
  for (;;) {
    note_poll();
    const auto has_rebalanced = run_callbacks();
    if (!has_rebalanced.ok()) return has_rebalanced.error();
    commit_by_and_by();
    bool made_room = false;
    std::optional<Error> failure;
    auto polled = shared_.with([&](auto& state) -> Result<PolledRecords> {
      if (state.is_woken) {
        state.is_woken = false;
        return Error{ErrorCode::kCancelled, "wakeup() was called"};
      }
      if (state.failure) {
        failure.swap(state.failure);
        return *failure;
      }
      auto collected = PollCollector::collect(state.fetch, config_.poll_records_max, made_room);
      if (collected.ok()) state.metrics.records_consumed += collected->count();
      made_room = (made_room || !collected.ok()) && !state.fetcher_told;
      state.fetcher_told = state.fetcher_told || made_room;
      return collected;
    });
    if (made_room) tell_fetcher();
    if (!polled.ok() || polled->made_progress() || *has_rebalanced) return polled;
    const MonotonicTime now = clock_.monotonic();
    if (now >= deadline) return polled;
    Millis left = std::min(std::chrono::ceil<Millis>(deadline - now), Millis{1000});
    if (config_.auto_commit_interval && is_grouped()) {
      left = std::min(left, std::max(Millis{1}, *config_.auto_commit_interval));
    }
    shared_.wait(left, [](auto& state) {
      return state.is_woken || state.failure || !state.for_application.empty() ||
             state.fetch.has_ready();
    });
  }
}

void Consumer::Core::wakeup() {
  shared_.change([](auto& state) { state.is_woken = true; });
}

// True when a callback ran that may have changed the assignment. All that wait are run; the error
// is that of the first that failed.
Result<bool> Consumer::Core::run_callbacks() {
  if (in_callback_) return false;
  bool has_run = false;
  Status outcome;
  for (;;) {
    std::optional<ApplicationCall> next;
    shared_.with([&](auto& state) {
      if (state.for_application.empty()) return;
      next = std::move(state.for_application.front());
      state.for_application.pop_front();
    });
    if (!next) break;
    in_callback_ = true;
    keep_first(outcome, next->run());
    in_callback_ = false;
    has_run = true;
  }
  if (!outcome.ok()) return std::move(outcome).error();
  return has_run;
}

// What the group wanted of the application does not matter any more; callbacks of commits do.
void Consumer::Core::drop_rebalances() {
  shared_.with([](auto& state) {
    auto& calls = state.for_application;
    calls.erase(std::remove_if(calls.begin(), calls.end(),
                               [](const ApplicationCall& call) {
                                 return call.kind == ApplicationCall::Kind::kRebalance;
                               }),
                calls.end());
  });
}

// On the loop: the application learns of it inside poll().
void Consumer::Core::queue_rebalance(const Rebalance& rebalance) {
  shared_.change([&](auto& state) {
    if (rebalance.is_complete) ++state.metrics.rebalances;
    state.for_application.push_back({ApplicationCall::Kind::kRebalance,
                                     [this, rebalance] { return run_rebalance(rebalance); }});
  });
}

// Whatever the listener throws, the rebalance is gone through with: the group counts on it.
Status Consumer::Core::run_rebalance(const Rebalance& rebalance) {
  Status outcome;
  if (!rebalance.revoked.empty()) {
    if (config_.auto_commit_interval) {
      const auto status = commit_sync(positions());
      if (!status.ok()) {
        LOG_WARN("commit before a rebalance failed", {{"error", status.error().to_string()}});
      }
    }
    keep_first(outcome, give_up(rebalance.revoked, GivenUp::kRevoked));
  }
  keep_first(outcome, give_up(rebalance.lost, GivenUp::kLost));
  if (!rebalance.assigned.empty()) {
    shared_.with([&](auto& state) {
      auto all = state.fetch.assignment();
      all.insert(all.end(), rebalance.assigned.begin(), rebalance.assigned.end());
      state.fetch.set_assignment(all);
    });
  }
  if (rebalance.is_complete && listener_.on_assigned) {
    keep_first(outcome, fenced("the rebalance listener's on_assigned",
                               [&] { listener_.on_assigned(rebalance.assigned); }));
  }
  thread_.post([this] {
    if (group_ != nullptr) group_->rebalance_done();
    if (fetcher_ != nullptr) fetcher_->run();
  });
  return outcome;
}

Status Consumer::Core::give_up(const PartitionList& partitions, GivenUp how) {
  if (partitions.empty()) return {};
  Status outcome;
  const bool was_in_callback = std::exchange(in_callback_, true);
  if (how == GivenUp::kLost && listener_.on_lost) {
    outcome = fenced("the rebalance listener's on_lost", [&] { listener_.on_lost(partitions); });
  } else if (listener_.on_revoked) {
    outcome =
        fenced("the rebalance listener's on_revoked", [&] { listener_.on_revoked(partitions); });
  }
  in_callback_ = was_in_callback;
  shared_.with([&](auto& state) {
    auto rest = state.fetch.assignment();
    rest.erase(std::remove_if(rest.begin(), rest.end(),
                              [&](const TopicPartition& each) {
                                return std::find(partitions.begin(), partitions.end(), each) !=
                                       partitions.end();
                              }),
               rest.end());
    state.fetch.set_assignment(rest);
  });
  return outcome;
}

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

Status Consumer::Core::commit_sync(const OffsetsToCommit& offsets) {
  if (auto status = check_open(); !status.ok()) return status;
  if (config_.group_id.empty()) return no_group();
  if (offsets.empty()) return {};
  auto status = thread_.await<Status>([&](std::function<void(Status)> done) {
    const auto membership = shared_.with([](auto& state) { return state.membership; });
    auto mine = is_grouped() ? membership : GroupMembership{config_.group_id, -1, "", {}};
    commit_offsets(*cluster_, mine, offsets, thread_.loop().now() + config_.api_timeout,
                   std::move(done));
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
  if (config_.group_id.empty()) return finish(done, no_group());
  if (offsets.empty()) return finish(done, {});
  const bool grouped = is_grouped();
  thread_.post([this, offsets, grouped, finish, done = std::move(done)] {
    if (cluster_ == nullptr) return;
    const auto membership = shared_.with([](auto& state) { return state.membership; });
    auto mine = grouped ? membership : GroupMembership{config_.group_id, -1, "", {}};
    commit_offsets(*cluster_, mine, offsets, thread_.loop().now() + config_.api_timeout,
                   [finish, done](const Status& status) { finish(done, status); });
  });
}

Result<OffsetsToCommit> Consumer::Core::committed(const PartitionList& partitions) {
  if (auto status = check_open(); !status.ok()) return std::move(status).error();
  if (config_.group_id.empty()) return no_group();
  using Committed = Result<std::map<TopicPartition, CommittedOffset>>;
  auto found = thread_.await<Committed>([&](std::function<void(Committed)> done) {
    fetch_committed(*cluster_, config_.group_id, partitions,
                    thread_.loop().now() + config_.api_timeout, std::move(done));
  });
  if (!found.ok()) return std::move(found).error();
  OffsetsToCommit offsets;
  for (auto& [partition, commit] : *found) {
    offsets[partition] = {commit.offset, commit.leader_epoch, std::move(commit.metadata)};
  }
  return offsets;
}

Status Consumer::Core::seek(const TopicPartition& partition, Offset offset) {
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

void Consumer::Core::pause(const PartitionList& partitions, bool paused) {
  shared_.with([&](auto& state) {
    for (const TopicPartition& each : partitions) state.fetch.pause(each, paused);
  });
  if (!paused && !is_closed_) tell_fetcher();
}

Result<std::int32_t> Consumer::Core::partition_count(std::string_view topic) {
  if (auto status = check_open(); !status.ok()) return std::move(status).error();
  const std::string name(topic);
  std::int32_t count = 0;
  auto status = thread_.await<Status>([&](std::function<void(Status)> done) {
    cluster_->await_topics({name}, thread_.loop().now() + config_.api_timeout,
                           [&, done = std::move(done)](const Status& outcome) {
                             const TopicMetadata* const known =
                                 cluster_ == nullptr ? nullptr : cluster_->metadata().topic(name);
                             if (known != nullptr) {
                               count = static_cast<std::int32_t>(known->partitions.size());
                             }
                             done(outcome);
                           });
  });
  if (!status.ok()) return std::move(status).error();
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

Status Consumer::Core::close(Millis timeout) {
  if (is_closed_) return {};
  Status status;
  const bool in_group = is_grouped();
  if (timeout > Millis{0} && in_group) {
    if (config_.auto_commit_interval) status = commit_sync(positions());
    keep_first(status, give_up(shared_.with([](auto& state) { return state.fetch.assignment(); }),
                               GivenUp::kRevoked));
  }
  is_closed_ = true;
  if (in_group) {
    thread_.await<bool>([&](const std::function<void(bool)>& done) {
      group_->leave("the consumer was closed", [done] { done(true); });
    });
  }
  thread_.run([&] {
    group_.reset();
    fetcher_.reset();
    cluster_.reset();
  });
  thread_.stop();
  drop_rebalances();
  if (timeout > Millis{0}) {
    if (const auto run = run_callbacks(); !run.ok()) keep_first(status, run.error());
  }
  return status;
}

}  // namespace millrace::client
