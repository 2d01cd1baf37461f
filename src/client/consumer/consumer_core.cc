#include "client/consumer/consumer_core.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/saturating.h"
#include "client/consumer/poll_collector.h"
#include "model/topic_pattern.h"
#include "wire/error_codes.h"

namespace millrace::client {
namespace {

constexpr Millis kLeaveTimeout{1000};

FetchPlanConfig plan_config(const ConsumerConfig& config) {
  FetchPlanConfig plan;
  plan.partition_bytes_max = static_cast<std::size_t>(config.partition_fetch_bytes_max);
  plan.total_bytes_max = static_cast<std::size_t>(config.fetch_bytes_max);
  plan.read_options = {.crc = config.check_crcs ? wire::CrcCheck::kVerify : wire::CrcCheck::kSkip,
                       .isolation = config.isolation_level};
  return plan;
}

}  // namespace

Consumer::Core::Core(ConsumerConfig config, OfferedAssignors assignors, RebalanceListener listener,
                     OutageListener outages, io::LentEnv env)
    : env_(std::move(env)),
      config_(std::move(config)),
      listener_(std::move(listener)),
      clock_(env_->clock()),
      shared_(plan_config(config_), *env_),
      thread_(*env_, "consumer-io") {
  shared_.with([&](auto& state) { state.membership = outside_of_the_group(); });
  thread_.run([&] {
    cluster_ = std::make_unique<Cluster>(thread_.loop(), config_.connection, env_->make_random());
    cluster_->set_outage_listener(std::move(outages));
    if (!config_.allow_auto_create_topics) {
      cluster_->set_unknown_topics(Cluster::UnknownTopics::kLeave);
    }
    fetcher_ = std::make_unique<Fetcher>(config_, *cluster_, shared_);
    if (!config_.group_id.empty()) {
      group_ = GroupDriver::make(config_, std::move(assignors), *cluster_, shared_,
                                 [this](const Rebalance& rebalance,
                                        const std::optional<ConsumerGroupMetadata>& membership) {
                                   queue_rebalance(rebalance, membership);
                                 });
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

Status Consumer::Core::check_group() const {
  if (!config_.group_id.empty()) return {};
  return Error{ErrorCode::kInvalidArgument, "this needs the property group.id, which is not set"};
}

ConsumerGroupMetadata Consumer::Core::outside_of_the_group() const {
  return {config_.group_id, -1, "", config_.group_instance_id};
}

Status Consumer::Core::subscribe(Subscription subscription) {
  if (auto status = check_open(); !status.ok()) return status;
  if (auto status = check_group(); !status.ok()) return status;
  if (subscription.is_empty()) return unsubscribe();
  const bool is_matched_here = config_.group_protocol == GroupProtocol::kClassic;
  if (subscription.pattern && is_matched_here) {
    const auto compiled = TopicPattern::compile(subscription.pattern->text());
    if (!compiled.ok()) return compiled.error();
  }
  const bool is_assigned_by_hand =
      !is_grouped() && shared_.with([](auto& state) { return !state.fetch.assignment().empty(); });
  if (is_assigned_by_hand) {
    return Error{ErrorCode::kInvalidArgument,
                 "subscribe() after assign(): call unsubscribe() between them"};
  }
  subscription_ = std::move(subscription);
  note_poll();
  thread_.run([&] { group_->subscribe(subscription_); });
  return {};
}

std::vector<std::string> Consumer::Core::subscription() {
  if (!subscription_.pattern) return subscription_.topics;
  std::set<std::string> topics;
  const auto assignment = shared_.with([](auto& state) { return state.fetch.assignment(); });
  for (const TopicPartition& each : assignment) topics.insert(each.topic);
  return {topics.begin(), topics.end()};
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
    outcome = give_up_all();
    leave_group("the consumer unsubscribed", kLeaveTimeout);
    subscription_ = {};
    drop_rebalances();
  }
  shared_.with([&](auto& state) {
    state.fetch.set_assignment({});
    state.membership = outside_of_the_group();
  });
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
  const MonotonicTime deadline = deadline_after(clock_.monotonic(), timeout);
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
      auto collected = PollCollector::collect(state.fetch, config_.poll_records_max);
      if (collected.records.ok()) state.metrics.records_consumed += collected.records->count();
      made_room = collected.made_room && !state.fetcher_told;
      state.fetcher_told = state.fetcher_told || made_room;
      return std::move(collected.records);
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

void Consumer::Core::pause(const PartitionList& partitions) {
  shared_.with([&](auto& state) {
    for (const TopicPartition& each : partitions) state.fetch.pause(each);
  });
}

void Consumer::Core::resume(const PartitionList& partitions) {
  shared_.with([&](auto& state) {
    for (const TopicPartition& each : partitions) state.fetch.resume(each);
  });
  if (!is_closed_) tell_fetcher();
}

void Consumer::Core::leave_group(std::string_view reason, Millis timeout) {
  thread_.await<bool>([&](const std::function<void(bool)>& done) {
    group_->leave(reason, timeout, [done] { done(true); });
  });
}

Status Consumer::Core::close(Millis timeout) {
  if (is_closed_) return {};
  const MonotonicTime deadline = deadline_after(clock_.monotonic(), timeout);
  Status status;
  const bool in_group = is_grouped();
  if (timeout > Millis{0} && in_group) {
    if (config_.auto_commit_interval) status = commit_sync(positions(), timeout);
    if (!status.ok() && wire::needs_rejoin(status.error())) {
      // Others have the partitions, and read again what was not committed.
      LOG_WARN("the last commit came too late", {{"error", status.error().to_string()}});
      status = {};
    }
    keep_first(status, give_up_all());
  }
  is_closed_ = true;
  if (in_group) {
    const auto left = std::chrono::ceil<Millis>(deadline - clock_.monotonic());
    leave_group("the consumer was closed",
                timeout > Millis{0} ? std::clamp(left, Millis{1}, kLeaveTimeout) : kLeaveTimeout);
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
