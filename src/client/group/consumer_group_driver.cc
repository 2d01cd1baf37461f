#include "client/group/consumer_group_driver.h"

#include <map>
#include <vector>

#include "base/log.h"

namespace millrace::client {
namespace {

ConsumerGroupMemberConfig consumer_member_config(const ConsumerConfig& config, Random& random) {
  ConsumerGroupMemberConfig member;
  member.group_id = config.group_id;
  member.member_id = Uuid::random(random).to_base64();
  member.group_instance_id = config.group_instance_id;
  if (!config.rack.empty()) member.rack = config.rack;
  member.remote_assignor = config.remote_assignor;
  member.rebalance_timeout = config.poll_interval_max;
  member.retry_backoff = config.connection.retry_backoff;
  return member;
}

}  // namespace

ConsumerGroupDriver::ConsumerGroupDriver(const ConsumerConfig& config, Cluster& cluster,
                                         ConsumerShared& shared, OnRebalance on_rebalance)
    : GroupDriver(config, cluster, shared, std::move(on_rebalance)),
      member_(consumer_member_config(config, cluster.random()), Random(cluster.random().next())) {}

void ConsumerGroupDriver::subscribe(const Subscription& subscription) {
  named_topics_ = {subscription.topics.begin(), subscription.topics.end()};
  followed_topics_ = member_.topics();
  for (const std::string& topic : named_topics_) followed_topics_.erase(topic);
  std::set<std::string> topics = named_topics_;
  topics.insert(followed_topics_.begin(), followed_topics_.end());
  cluster_.set_topics(std::move(topics));
  member_.subscribe(subscription, cluster_.loop().now());
  perform();
}

void ConsumerGroupDriver::rebalance_done() {
  member_.on_rebalance_done(cluster_.loop().now());
  perform();
}

void ConsumerGroupDriver::commit_answered(const ConsumerGroupMetadata& membership,
                                          const Status& outcome) {
  if (outcome.ok() || membership.member_id != member_.member_id()) return;
  member_.on_commit_refused(outcome.error(), membership.generation, cluster_.loop().now());
  perform();
}

ConsumerGroupMetadata ConsumerGroupDriver::membership() const {
  return {config_.group_id, member_.epoch(), member_.member_id(), config_.group_instance_id};
}

void ConsumerGroupDriver::perform() {
  name_topics();
  for (auto effects = member_.take_effects(); !effects.empty(); effects = member_.take_effects()) {
    publish_membership();
    publish_place();
    for (ConsumerGroupEffect& effect : effects) {
      std::visit([this](auto& each) { perform_effect(each); }, effect);
    }
  }
  publish_membership();
  follow_topics();
  settle();
}

// Before the effects: what the application is handed, it commits in the epoch of.
void ConsumerGroupDriver::publish_membership() {
  if (member_.epoch() == published_epoch_) return;
  published_epoch_ = member_.epoch();
  shared_.with([&](auto& state) { state.membership = membership(); });
}

void ConsumerGroupDriver::perform_effect(SendGroupHeartbeat& effect) {
  ask_coordinator<wire::ConsumerGroupHeartbeatRequest, wire::ConsumerGroupHeartbeatResponse>(
      Lane::kCoordinator, std::move(effect.request), config_.connection.request_timeout,
      [this, ticket = effect.ticket](const Result<wire::ConsumerGroupHeartbeatResponse>& answer) {
        member_.on_heartbeat(ticket, answer, cluster_.loop().now());
        perform();
      });
}

void ConsumerGroupDriver::perform_effect(SendGroupLeave& effect) {
  tell_leave<wire::ConsumerGroupHeartbeatResponse>(std::move(effect.request));
}

void ConsumerGroupDriver::perform_effect(Rebalance& effect) {
  on_rebalance_(effect, std::nullopt);
}

void ConsumerGroupDriver::perform_effect(GroupTrouble& effect) {
  shared_.change([&](auto& state) { state.failure = effect.error; });
}

void ConsumerGroupDriver::perform_effect(GroupFailed& effect) {
  on_failed(effect.error);
}

void ConsumerGroupDriver::name_topics() {
  const std::vector<Uuid> unnamed = member_.unnamed_topics();
  if (unnamed.empty()) return;
  std::map<Uuid, std::string> known;
  for (const auto& [name, topic] : cluster_.metadata().topics()) known[topic.id] = name;
  std::map<Uuid, std::string> found;
  std::vector<Uuid> unknown;
  for (const Uuid& id : unnamed) {
    const auto name = known.find(id);
    if (name != known.end()) {
      found.insert(*name);
    } else {
      unknown.push_back(id);
    }
  }
  if (!found.empty()) member_.on_topic_names(found, cluster_.loop().now());
  if (!unknown.empty() && !names_asked_) ask_names(std::move(unknown));
}

// Again after a backoff until all are known: a broker may not have heard of a topic yet.
void ConsumerGroupDriver::ask_names(std::vector<Uuid> topics) {
  names_asked_ = true;
  const std::size_t count = topics.size();
  cluster_.ask_topic_names(
      std::move(topics),
      life_.guard([this, count](const Result<std::map<Uuid, std::string>>& names) {
        const auto again = life_.guard([this](const Status& /*status*/) {
          names_asked_ = false;
          perform();
        });
        if (names.ok()) member_.on_topic_names(*names, cluster_.loop().now());
        if (names.ok() && names->size() == count) {
          name_failures_ = 0;
          return again(Status{});
        }
        perform();
        cluster_.call_later(
            next_delay(config_.connection.retry_backoff, name_failures_++, cluster_.random()),
            again);
      }));
}

void ConsumerGroupDriver::follow_topics() {
  std::set<std::string> wanted = member_.topics();
  for (const std::string& topic : named_topics_) wanted.erase(topic);
  if (wanted == followed_topics_) return;
  for (const std::string& topic : followed_topics_) {
    if (wanted.count(topic) == 0) cluster_.remove_topic(topic);
  }
  for (const std::string& topic : wanted) cluster_.add_topic(topic);
  followed_topics_ = std::move(wanted);
}

}  // namespace millrace::client
