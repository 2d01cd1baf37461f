#include "client/group/group_driver.h"

#include <algorithm>

#include "base/log.h"
#include "wire/error_codes.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

constexpr Millis kJoinGrace{5000};  // beyond the time that the group may take to rebalance
constexpr Millis kLeaveTimeout{1000};

GroupMemberConfig member_config(const ConsumerConfig& config, OfferedAssignors assignors) {
  GroupMemberConfig member;
  member.group_id = config.group_id;
  member.group_instance_id = config.group_instance_id;
  if (!config.rack.empty()) member.rack = config.rack;
  member.session_timeout = config.session_timeout;
  member.rebalance_timeout = config.poll_interval_max;
  member.heartbeat_interval = config.heartbeat_interval;
  member.retry_backoff = config.connection.retry_backoff;
  member.assignors = std::move(assignors);
  return member;
}

template <class Response>
bool lost_its_coordinator(const Result<Response>& answer) {
  if (!answer.ok()) return true;
  if constexpr (requires { answer->error_code; }) {
    return wire::error_class(static_cast<KafkaError>(answer->error_code)) ==
           wire::ErrorClass::kFindCoordinator;
  }
  return false;
}

}  // namespace

GroupDriver::GroupDriver(const ConsumerConfig& config, OfferedAssignors assignors, Cluster& cluster,
                         ConsumerShared& shared, OnRebalance on_rebalance)
    : config_(config),
      coordinator_(CoordinatorKey::group(config.group_id)),
      cluster_(cluster),
      shared_(shared),
      on_rebalance_(std::move(on_rebalance)),
      member_(member_config(config, std::move(assignors)), Random(cluster.random().next())) {}

GroupDriver::~GroupDriver() {
  life_.end();
  cluster_.loop().cancel(timer_);
}

void GroupDriver::subscribe(const std::vector<std::string>& topics) {
  member_.subscribe(topics, cluster_.loop().now());
  perform();
}

void GroupDriver::rebalance_done() {
  member_.on_rebalance_done(cluster_.loop().now());
  perform();
}

void GroupDriver::commit_answered(const ConsumerGroupMetadata& membership, const Status& outcome) {
  if (outcome.ok() || membership.member_id != member_.member_id()) return;
  member_.on_commit_refused(outcome.error(), membership.generation, cluster_.loop().now());
  perform();
}

void GroupDriver::leave(std::string_view reason, std::function<void()> done) {
  left_ = std::move(done);
  member_.leave(reason);
  perform();
  // Nobody had to be told.
  if (left_) {
    auto finished = std::move(left_);
    left_ = nullptr;
    finished();
  }
}

void GroupDriver::perform() {
  watch_counts();
  for (auto effects = member_.take_effects(); !effects.empty(); effects = member_.take_effects()) {
    for (GroupEffect& effect : effects) {
      std::visit([this](auto& each) { perform_effect(each); }, effect);
    }
    watch_counts();
  }
  arm_timer();
}

template <class Request, class Response>
void GroupDriver::ask_coordinator(Lane lane, Request request, Millis timeout, Done<Response> done) {
  cluster_.find_coordinator(
      coordinator_, cluster_.loop().now() + std::min(timeout, config_.connection.request_timeout),
      life_.guard([this, lane, request = std::move(request), timeout,
                   done = std::move(done)](Result<BrokerId> broker) mutable {
        if (!broker.ok()) return done(std::move(broker).error());
        cluster_.call<Request, Response>(
            *broker, lane, std::move(request), timeout,
            life_.guard([this, done = std::move(done)](Result<Response> answer) {
              if (lost_its_coordinator(answer)) cluster_.forget_coordinator(coordinator_);
              done(std::move(answer));
            }));
      }));
}

void GroupDriver::perform_effect(SendJoin& effect) {
  ask_coordinator<wire::JoinGroupRequest, wire::JoinGroupResponse>(
      Lane::kJoin, std::move(effect.request), config_.poll_interval_max + kJoinGrace,
      [this, ticket = effect.ticket](Result<wire::JoinGroupResponse> answer) {
        member_.on_join(ticket, answer, cluster_.loop().now());
        perform();
      });
}

void GroupDriver::perform_effect(SendSync& effect) {
  ask_coordinator<wire::SyncGroupRequest, wire::SyncGroupResponse>(
      Lane::kJoin, std::move(effect.request), config_.poll_interval_max + kJoinGrace,
      [this, ticket = effect.ticket](Result<wire::SyncGroupResponse> answer) {
        member_.on_sync(ticket, answer, cluster_.loop().now());
        perform();
      });
}

void GroupDriver::perform_effect(SendHeartbeat& effect) {
  ask_coordinator<wire::HeartbeatRequest, wire::HeartbeatResponse>(
      Lane::kCoordinator, std::move(effect.request),
      std::min(config_.connection.request_timeout, config_.session_timeout),
      [this, ticket = effect.ticket](Result<wire::HeartbeatResponse> answer) {
        member_.on_heartbeat(ticket, answer, cluster_.loop().now());
        perform();
      });
}

void GroupDriver::perform_effect(SendLeave& effect) {
  auto left = std::make_shared<std::function<void()>>(std::move(left_));
  left_ = nullptr;
  ask_coordinator<wire::LeaveGroupRequest, wire::LeaveGroupResponse>(
      Lane::kCoordinator, std::move(effect.request), kLeaveTimeout,
      [left](const Result<wire::LeaveGroupResponse>& answer) {
        if (!answer.ok()) {
          LOG_DEBUG("the group was not told that a member leaves",
                    {{"error", answer.error().to_string()}});
        }
        if (*left) (*left)();
      });
}

void GroupDriver::perform_effect(AskPartitionCounts& effect) {
  for (const std::string& topic : effect.topics) cluster_.add_topic(topic);
  asked_counts_ = std::move(effect);
  // Later: the member is in the middle of its effects.
  cluster_.loop().post(life_.guard([this] { answer_counts(); }));
}

void GroupDriver::perform_effect(Rebalance& effect) {
  on_rebalance_(effect, {config_.group_id, member_.generation(), member_.member_id(),
                         config_.group_instance_id});
}

void GroupDriver::perform_effect(GroupFailed& effect) {
  LOG_WARN("the consumer fell out of its group",
           {{"group", config_.group_id}, {"error", effect.error.to_string()}});
  shared_.change([&](auto& state) { state.failure = effect.error; });
}

// Topics that do not exist count for nothing; topics that nobody has asked about are waited for.
std::optional<PartitionCounts> GroupDriver::known_counts(
    const std::vector<std::string>& topics) const {
  PartitionCounts counts;
  for (const std::string& name : topics) {
    const TopicMetadata* const topic = cluster_.metadata().topic(name);
    if (topic == nullptr) return std::nullopt;
    if (topic->partitions.empty()) continue;
    counts[name] = static_cast<std::int32_t>(topic->partitions.size());
  }
  return counts;
}

void GroupDriver::answer_counts() {
  if (!asked_counts_) return;
  auto counts = known_counts(asked_counts_->topics);
  if (!counts) return;
  const AskPartitionCounts asked = std::move(*asked_counts_);
  asked_counts_.reset();
  member_.on_partition_counts(asked.ticket, std::move(*counts), cluster_.loop().now());
  perform();
}

void GroupDriver::metadata_changed() {
  answer_counts();
  perform();
}

// Whenever anything happens, not only with new metadata: what came while the group was still
// settling must not be forgotten until the metadata is refreshed for its age.
void GroupDriver::watch_counts() {
  const std::vector<std::string> topics = member_.watched_topics();
  if (topics.empty()) return;
  if (const auto counts = known_counts(topics)) {
    member_.on_known_counts(*counts, cluster_.loop().now());
  }
}

void GroupDriver::check_poll_interval() {
  const std::int64_t last = shared_.last_poll_ns.load(std::memory_order_relaxed);
  if (last == 0) return;
  const auto idle = cluster_.loop().now().time_since_epoch() - std::chrono::nanoseconds{last};
  if (idle < config_.poll_interval_max) return;
  if (member_.generation() < 0) return;
  LOG_WARN("poll() was not called within max.poll.interval.ms; leaving the group",
           {{"group", config_.group_id}});
  member_.on_poll_overdue();
}

void GroupDriver::arm_timer() {
  cluster_.loop().cancel(timer_);
  timer_ = 0;
  auto deadline = member_.next_deadline();
  const std::int64_t last = shared_.last_poll_ns.load(std::memory_order_relaxed);
  if (last != 0 && member_.generation() >= 0) {
    const MonotonicTime overdue =
        MonotonicTime{std::chrono::nanoseconds{last}} + config_.poll_interval_max;
    if (!deadline || overdue < *deadline) deadline = overdue;
  }
  if (!deadline) return;
  const auto delay = std::chrono::ceil<Millis>(*deadline - cluster_.loop().now());
  timer_ = cluster_.loop().call_after(std::max(delay, Millis{1}), life_.guard([this] {
    timer_ = 0;
    check_poll_interval();
    member_.on_time(cluster_.loop().now());
    perform();
  }));
}

}  // namespace millrace::client
