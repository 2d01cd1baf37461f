#include "client/group/group_driver.h"

#include <algorithm>

#include "base/log.h"
#include "client/group/classic_group_driver.h"
#include "client/group/consumer_group_driver.h"

namespace millrace::client {
namespace {

constexpr Millis kUnaskedLeaveTimeout{
    1000};  // of a member that the application did not ask to leave

}  // namespace

std::unique_ptr<GroupDriver> GroupDriver::make(const ConsumerConfig& config,
                                               OfferedAssignors assignors, Cluster& cluster,
                                               ConsumerShared& shared, OnRebalance on_rebalance) {
  if (config.group_protocol == GroupProtocol::kConsumer) {
    return std::make_unique<ConsumerGroupDriver>(config, cluster, shared, std::move(on_rebalance));
  }
  return std::make_unique<ClassicGroupDriver>(config, std::move(assignors), cluster, shared,
                                              std::move(on_rebalance));
}

GroupDriver::GroupDriver(const ConsumerConfig& config, Cluster& cluster, ConsumerShared& shared,
                         OnRebalance on_rebalance)
    : config_(config),
      cluster_(cluster),
      shared_(shared),
      on_rebalance_(std::move(on_rebalance)),
      coordinator_(CoordinatorKey::group(config.group_id)),
      leave_timeout_(kUnaskedLeaveTimeout) {}

GroupDriver::~GroupDriver() {
  life_.end();
  cluster_.loop().cancel(timer_);
}

void GroupDriver::leave(std::string_view reason, Millis timeout, std::function<void()> done) {
  left_ = std::move(done);
  leave_timeout_ = timeout;
  member_leave(reason);
  perform();
  leave_timeout_ = kUnaskedLeaveTimeout;
  // Nobody had to be told.
  if (auto finished = std::exchange(left_, nullptr)) finished();
}

void GroupDriver::on_failed(const Error& error) {
  LOG_WARN("the consumer fell out of its group",
           {{"group", config_.group_id}, {"error", error.to_string()}});
  shared_.change([&](auto& state) { state.failure = error; });
}

void GroupDriver::publish_place() {
  const bool has_place = membership().generation >= 0;
  if (std::exchange(has_place_, has_place) == has_place) return;
  shared_.with([&](auto& state) {
    state.has_place = has_place;
    if (!has_place) ++state.places_lost;
  });
}

void GroupDriver::settle() {
  publish_place();
  arm_timer();
}

void GroupDriver::check_poll_interval() {
  const std::int64_t last = shared_.last_poll_ns.load(std::memory_order_relaxed);
  if (last == 0) return;
  const auto idle = cluster_.loop().now().time_since_epoch() - std::chrono::nanoseconds{last};
  if (idle < config_.poll_interval_max) return;
  if (membership().generation < 0) return;
  LOG_WARN("poll() was not called within max.poll.interval.ms; leaving the group",
           {{"group", config_.group_id}});
  member_on_poll_overdue();
}

void GroupDriver::arm_timer() {
  cluster_.loop().cancel(timer_);
  timer_ = 0;
  auto deadline = member_deadline();
  const std::int64_t last = shared_.last_poll_ns.load(std::memory_order_relaxed);
  if (last != 0 && membership().generation >= 0) {
    const MonotonicTime overdue =
        MonotonicTime{std::chrono::nanoseconds{last}} + config_.poll_interval_max;
    if (!deadline || overdue < *deadline) deadline = overdue;
  }
  if (!deadline) return;
  const auto delay = std::chrono::ceil<Millis>(*deadline - cluster_.loop().now());
  timer_ = cluster_.loop().call_after(std::max(delay, Millis{1}), life_.guard([this] {
    timer_ = 0;
    check_poll_interval();
    member_on_time(cluster_.loop().now());
    perform();
  }));
}

}  // namespace millrace::client
