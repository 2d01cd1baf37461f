#include "client/group/classic_group_driver.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace millrace::client {
namespace {

constexpr Millis kJoinGrace{5000};  // beyond the time that the group may take to rebalance

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

}  // namespace

ClassicGroupDriver::ClassicGroupDriver(const ConsumerConfig& config, OfferedAssignors assignors,
                                       Cluster& cluster, ConsumerShared& shared,
                                       OnRebalance on_rebalance)
    : GroupDriver(config, cluster, shared, std::move(on_rebalance)),
      member_(member_config(config, std::move(assignors)), Random(cluster.random().next())) {}

void ClassicGroupDriver::subscribe(const Subscription& subscription) {
  pattern_.reset();
  if (subscription.pattern) {
    auto compiled = TopicPattern::compile(subscription.pattern->text());
    CHECK(compiled.ok(), "a pattern was not looked at before: {}", compiled.error().message);
    pattern_ = std::move(compiled).value();
    cluster_.follow_all_topics();
    match_topics();
  } else {
    cluster_.set_topics({subscription.topics.begin(), subscription.topics.end()});
    member_.subscribe(subscription.topics, cluster_.loop().now());
  }
  perform();
}

void ClassicGroupDriver::match_topics() {
  if (!pattern_ || !cluster_.knows_all_topics()) return;
  std::vector<std::string> matching;
  for (const auto& [name, topic] : cluster_.metadata().topics()) {
    if (topic.is_internal && config_.exclude_internal_topics) continue;
    if (pattern_->matches(name)) matching.push_back(name);
  }
  member_.subscribe(std::move(matching), cluster_.loop().now());
}

void ClassicGroupDriver::rebalance_done() {
  member_.on_rebalance_done(cluster_.loop().now());
  perform();
}

void ClassicGroupDriver::commit_answered(const ConsumerGroupMetadata& membership,
                                         const Status& outcome) {
  if (outcome.ok() || membership.member_id != member_.member_id()) return;
  member_.on_commit_refused(outcome.error(), membership.generation, cluster_.loop().now());
  perform();
}

void ClassicGroupDriver::member_leave(std::string_view reason) {
  if (std::exchange(pattern_, std::nullopt)) cluster_.set_topics({});
  member_.leave(reason);
}

ConsumerGroupMetadata ClassicGroupDriver::membership() const {
  return {config_.group_id, member_.generation(), member_.member_id(), config_.group_instance_id};
}

void ClassicGroupDriver::perform() {
  watch_counts();
  for (auto effects = member_.take_effects(); !effects.empty(); effects = member_.take_effects()) {
    publish_place();
    for (GroupEffect& effect : effects) {
      std::visit([this](auto& each) { perform_effect(each); }, effect);
    }
    watch_counts();
  }
  settle();
}

void ClassicGroupDriver::perform_effect(SendJoin& effect) {
  ask_coordinator<wire::JoinGroupRequest, wire::JoinGroupResponse>(
      Lane::kJoin, std::move(effect.request), config_.poll_interval_max + kJoinGrace,
      [this, ticket = effect.ticket](Result<wire::JoinGroupResponse> answer) {
        member_.on_join(ticket, answer, cluster_.loop().now());
        perform();
      });
}

void ClassicGroupDriver::perform_effect(SendSync& effect) {
  ask_coordinator<wire::SyncGroupRequest, wire::SyncGroupResponse>(
      Lane::kJoin, std::move(effect.request), config_.poll_interval_max + kJoinGrace,
      [this, ticket = effect.ticket](Result<wire::SyncGroupResponse> answer) {
        member_.on_sync(ticket, answer, cluster_.loop().now());
        perform();
      });
}

void ClassicGroupDriver::perform_effect(SendHeartbeat& effect) {
  ask_coordinator<wire::HeartbeatRequest, wire::HeartbeatResponse>(
      Lane::kCoordinator, std::move(effect.request),
      std::min(config_.connection.request_timeout, config_.session_timeout),
      [this, ticket = effect.ticket](Result<wire::HeartbeatResponse> answer) {
        member_.on_heartbeat(ticket, answer, cluster_.loop().now());
        perform();
      });
}

void ClassicGroupDriver::perform_effect(SendLeave& effect) {
  tell_leave<wire::LeaveGroupResponse>(std::move(effect.request));
}

void ClassicGroupDriver::perform_effect(AskPartitionCounts& effect) {
  for (const std::string& topic : effect.topics) cluster_.add_topic(topic);
  asked_counts_ = std::move(effect);
  // Later: the member is in the middle of its effects.
  cluster_.loop().post(life_.guard([this] { answer_counts(); }));
}

void ClassicGroupDriver::perform_effect(Rebalance& effect) {
  on_rebalance_(effect, membership());
}

void ClassicGroupDriver::perform_effect(GroupFailed& effect) {
  pattern_.reset();
  on_failed(effect.error);
}

// Topics that do not exist count for nothing; topics that nobody has asked about are waited for.
std::optional<PartitionCounts> ClassicGroupDriver::known_counts(
    const std::vector<std::string>& topics) const {
  PartitionCounts counts;
  for (const std::string& name : topics) {
    const TopicMetadata* const topic = cluster_.metadata().topic(name);
    if (topic == nullptr && cluster_.knows_all_topics()) continue;
    if (topic == nullptr) return std::nullopt;
    if (topic->partitions.empty()) continue;
    counts[name] = static_cast<std::int32_t>(topic->partitions.size());
  }
  return counts;
}

void ClassicGroupDriver::answer_counts() {
  if (!asked_counts_) return;
  auto counts = known_counts(asked_counts_->topics);
  if (!counts) return;
  const AskPartitionCounts asked = std::move(*asked_counts_);
  asked_counts_.reset();
  member_.on_partition_counts(asked.ticket, std::move(*counts), cluster_.loop().now());
  perform();
}

void ClassicGroupDriver::metadata_changed() {
  match_topics();
  answer_counts();
  perform();
}

// Whenever anything happens, not only with new metadata: what came while the group was still
// settling must not be forgotten until the metadata is refreshed for its age.
void ClassicGroupDriver::watch_counts() {
  const std::vector<std::string> topics = member_.watched_topics();
  if (topics.empty()) return;
  if (const auto counts = known_counts(topics)) {
    member_.on_known_counts(*counts, cluster_.loop().now());
  }
}

}  // namespace millrace::client
