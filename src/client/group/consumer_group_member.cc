#include "client/group/consumer_group_member.h"

#include <algorithm>

#include "base/probe.h"
#include "wire/error_codes.h"

namespace millrace::client {
namespace {

using wire::KafkaError;
using Heartbeat = wire::ConsumerGroupHeartbeatRequest;
using HeartbeatAnswer = wire::ConsumerGroupHeartbeatResponse;

constexpr std::int32_t kJoinEpoch = 0;
constexpr std::int32_t kLeaveEpoch = -1;
constexpr std::int32_t kStaticLeaveEpoch = -2;  // says that the instance may come back

template <class Partitions>
Partitions without(const Partitions& from, const Partitions& taken_away) {
  Partitions rest;
  for (const auto& [topic, indexes] : from) {
    const auto taken = taken_away.find(topic);
    for (const std::int32_t index : indexes) {
      if (taken == taken_away.end() || taken->second.count(index) == 0) rest[topic].insert(index);
    }
  }
  return rest;
}

template <class Partitions>
Partitions united(Partitions all, const Partitions& others) {
  for (const auto& [topic, indexes] : others) all[topic].insert(indexes.begin(), indexes.end());
  return all;
}

Error error_of(const HeartbeatAnswer& answer, const std::string& group) {
  const auto code = static_cast<KafkaError>(answer.error_code);
  return wire::make_error(code,
                          answer.error_message.value_or("heartbeat of a member of group " + group));
}

// A cluster without the protocol says so in one of two ways.
bool is_unsupported(const Error& error) {
  return error.code == ErrorCode::kUnsupported ||
         wire::kafka_error_of(error) == KafkaError::kUnsupportedVersion;
}

}  // namespace

ConsumerGroupMember::ConsumerGroupMember(ConsumerGroupMemberConfig config, Random random)
    : config_(std::move(config)), random_(random), member_id_(config_.member_id) {}

void ConsumerGroupMember::subscribe(Subscription subscription, MonotonicTime now) {
  auto& topics = subscription.topics;
  std::sort(topics.begin(), topics.end());
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  subscription_ = std::move(subscription);
  if (state_ != State::kIdle) return beat_if_due(now);
  if (application_busy_) {
    state_ = State::kReleasing;
  } else {
    join(now);
  }
}

void ConsumerGroupMember::join(MonotonicTime now) {
  state_ = State::kJoining;
  epoch_ = kJoinEpoch;
  owned_.clear();
  earliest_ = now;
  next_heartbeat_ = now;
  beat_if_due(now);
}

void ConsumerGroupMember::leave() {
  const bool is_known = state_ == State::kJoining || state_ == State::kMember;
  if (is_known) {
    effects_.push_back(
        SendGroupLeave{request_with(config_.group_instance_id ? kStaticLeaveEpoch : kLeaveEpoch)});
  }
  forget_membership();
  state_ = State::kIdle;
  application_busy_ = false;
  loss_pending_ = false;
  owned_.clear();
  taken_.clear();
}

void ConsumerGroupMember::on_poll_overdue() {
  if (state_ != State::kMember) return;
  effects_.push_back(
      SendGroupLeave{request_with(config_.group_instance_id ? kStaticLeaveEpoch : kLeaveEpoch)});
  forget_membership();
  lose_partitions(AskApplication::kAlways, {});
}

void ConsumerGroupMember::forget_membership() {
  ++ticket_;
  heartbeat_under_way_ = false;
  told_ = {};
  target_.reset();
  is_behind_ = false;
  owns_news_ = false;
  has_assignment_ = false;
  is_word_out_ = false;
  failures_ = 0;
  state_ = State::kReleasing;
}

// The partitions are somebody else's by now, or soon: the application has to be told before the
// member joins again.
void ConsumerGroupMember::lose_partitions(AskApplication when, MonotonicTime now) {
  if (application_busy_) {
    loss_pending_ = true;
  } else if (when == AskApplication::kAlways || !owned_.empty()) {
    hand_over({.revoked = {}, .lost = named(owned_), .assigned = {}}, {});
  } else if (state_ == State::kReleasing) {
    join(now);
  }
}

void ConsumerGroupMember::hand_over(Rebalance rebalance, Partitions taken) {
  taken_ = std::move(taken);
  application_busy_ = true;
  effects_.push_back(std::move(rebalance));
}

void ConsumerGroupMember::on_rebalance_done(MonotonicTime now) {
  if (!application_busy_) return;  // the member has left meanwhile
  application_busy_ = false;
  owned_ = std::move(taken_);
  taken_.clear();
  if (std::exchange(loss_pending_, false)) return lose_partitions(AskApplication::kWhenItOwns, now);
  switch (state_) {
    case State::kIdle:
      return;
    case State::kReleasing:
      return join(now);
    case State::kJoining:
    case State::kMember:
      owns_news_ = true;
      reconcile();
      beat_if_due(now);
      return;
  }
}

void ConsumerGroupMember::fail(Error error) {
  forget_membership();
  state_ = State::kIdle;
  lose_partitions(AskApplication::kWhenItOwns, {});
  effects_.push_back(GroupFailed{std::move(error)});
}

// ── Heartbeats ──

bool ConsumerGroupMember::has_news() const {
  return state_ == State::kJoining || owns_news_ || told_.subscription != subscription_;
}

void ConsumerGroupMember::beat_if_due(MonotonicTime now) {
  const auto due = next_deadline();
  if (due && now >= *due) send_heartbeat(now);
}

std::optional<MonotonicTime> ConsumerGroupMember::next_deadline() const {
  const bool beats = state_ == State::kJoining || state_ == State::kMember;
  if (!beats || heartbeat_under_way_) return std::nullopt;
  return has_news() ? earliest_ : std::max(earliest_, next_heartbeat_);
}

void ConsumerGroupMember::on_time(MonotonicTime now) {
  beat_if_due(now);
}

Heartbeat ConsumerGroupMember::request_with(std::int32_t epoch) const {
  Heartbeat request;
  request.group_id = config_.group_id;
  request.member_id = member_id_;
  request.member_epoch = epoch;
  request.instance_id = config_.group_instance_id;
  return request;
}

void ConsumerGroupMember::send_heartbeat(MonotonicTime now) {
  Heartbeat request = request_with(epoch_);
  const bool tells_all = state_ == State::kJoining || !told_.subscription;
  if (tells_all) {
    request.rack_id = config_.rack;
    request.rebalance_timeout_ms = static_cast<std::int32_t>(config_.rebalance_timeout.count());
    request.server_assignor = config_.remote_assignor;
  }
  if (told_.subscription != subscription_) tell_subscription(request);
  if (tells_all || owns_news_) {
    request.topic_partitions.emplace();
    for (const auto& [topic, indexes] : united(owned_, taken_)) {
      request.topic_partitions->push_back({topic, {indexes.begin(), indexes.end()}});
    }
    owns_news_ = false;
    is_word_out_ = true;
  }
  sent_at_ = now;
  heartbeat_under_way_ = true;
  effects_.push_back(SendGroupHeartbeat{++ticket_, std::move(request)});
}

void ConsumerGroupMember::tell_subscription(Heartbeat& request) {
  request.subscribed_topic_names = subscription_.topics;
  if (subscription_.pattern) {
    request.subscribed_topic_regex = subscription_.pattern->text();
    told_.has_pattern = true;
  } else if (told_.has_pattern) {
    request.subscribed_topic_regex = "";  // takes it back
  }
  told_.subscription = subscription_;
}

void ConsumerGroupMember::on_heartbeat(GroupTicket ticket, const Result<HeartbeatAnswer>& answer,
                                       MonotonicTime now) {
  if (ticket != ticket_ || !heartbeat_under_way_) return;
  heartbeat_under_way_ = false;
  if (!answer.ok()) {
    on_failure(answer.error(), now);
  } else if (answer->error_code != 0) {
    on_failure(error_of(*answer, config_.group_id), now);
  } else if (answer->member_epoch <= 0) {
    on_failure(Error{ErrorCode::kCorrupt,
                     fmt::format("heartbeat in group {}: wanted an epoch above 0, found {}",
                                 config_.group_id, answer->member_epoch)},
               now);
  } else {
    on_answer(*answer, now);
  }
}

void ConsumerGroupMember::on_answer(const HeartbeatAnswer& answer, MonotonicTime now) {
  failures_ = 0;
  is_word_out_ = false;
  state_ = State::kMember;
  epoch_ = answer.member_epoch;
  if (answer.member_id) member_id_ = *answer.member_id;
  if (answer.heartbeat_interval_ms > 0) interval_ = Millis{answer.heartbeat_interval_ms};
  next_heartbeat_ = sent_at_ + interval_;
  if (answer.assignment) take_target(*answer.assignment);
  reconcile();
  beat_if_due(now);
}

void ConsumerGroupMember::on_failure(const Error& error, MonotonicTime now) {
  const bool had_pattern = told_.has_pattern;
  told_ = {.subscription = std::nullopt, .has_pattern = had_pattern};
  const wire::ErrorClass error_class = wire::error_class(error);
  const bool has_no_place =
      error_class == wire::ErrorClass::kRejoinLost || error_class == wire::ErrorClass::kRejoinAsNew;
  if (has_no_place && state_ == State::kMember) {
    PROBE("client: a member of a consumer group was fenced");
    forget_membership();
    lose_partitions(AskApplication::kWhenItOwns, now);
    return;
  }
  // The member stays and finds out when the access that it lacks is granted.
  const bool can_be_mended = wire::kafka_error_of(error) == KafkaError::kTopicAuthorizationFailed;
  if (can_be_mended) effects_.push_back(GroupTrouble{error});
  if (can_be_mended || wire::is_retriable(error_class) || wire::needs_rejoin(error_class)) {
    earliest_ = now + next_delay(config_.retry_backoff, failures_++, random_);
    next_heartbeat_ = earliest_;
    return;
  }
  if (is_unsupported(error)) {
    return fail(Error{error.code,
                      fmt::format("group {}: the cluster does not speak group.protocol=consumer as "
                                  "this member does; group.protocol=classic works with any ({})",
                                  config_.group_id, error.message),
                      error.detail});
  }
  fail(error);
}

void ConsumerGroupMember::on_commit_refused(const Error& error, std::int32_t epoch,
                                            MonotonicTime now) {
  if (state_ != State::kMember || epoch != epoch_) return;
  const wire::ErrorClass error_class = wire::error_class(error);
  if (error_class != wire::ErrorClass::kRejoinLost &&
      error_class != wire::ErrorClass::kRejoinAsNew) {
    return;
  }
  next_heartbeat_ = now;
  beat_if_due(now);
}

// ── What the member owns ──

void ConsumerGroupMember::take_target(const HeartbeatAnswer::Assignment& assignment) {
  Partitions target;
  for (const auto& topic : assignment.topic_partitions) {
    if (topic.partitions.empty()) continue;
    target[topic.topic_id].insert(topic.partitions.begin(), topic.partitions.end());
  }
  if (target_ == target) return;
  target_ = std::move(target);
  is_behind_ = true;
  std::erase_if(names_, [this](const auto& name) {
    const Uuid& id = name.first;
    return owned_.count(id) + taken_.count(id) + target_->count(id) == 0;
  });
}

void ConsumerGroupMember::on_topic_names(const std::map<Uuid, std::string>& names,
                                         MonotonicTime now) {
  for (const auto& [id, name] : names) names_[id] = name;
  reconcile();
  beat_if_due(now);
}

// Goes as far towards the target as names are known.
void ConsumerGroupMember::reconcile() {
  if (state_ != State::kMember || application_busy_ || is_word_out_ || !is_behind_) return;
  Partitions next;
  for (const auto& [topic, indexes] : *target_) {
    if (names_.count(topic) != 0) next[topic] = indexes;
  }
  is_behind_ = next.size() < target_->size();
  if (next == owned_ && (has_assignment_ || is_behind_)) {
    owns_news_ = owns_news_ || !is_behind_;
    return;
  }
  has_assignment_ = true;
  Rebalance rebalance;
  rebalance.revoked = named(without(owned_, next));
  rebalance.assigned = named(without(next, owned_));
  rebalance.is_complete = true;
  hand_over(std::move(rebalance), std::move(next));
}

std::vector<TopicPartition> ConsumerGroupMember::named(const Partitions& partitions) const {
  std::vector<TopicPartition> by_name;
  for (const auto& [topic, indexes] : partitions) {
    for (const std::int32_t index : indexes) {
      by_name.push_back({names_.at(topic), PartitionId{index}});
    }
  }
  std::sort(by_name.begin(), by_name.end());
  return by_name;
}

std::vector<Uuid> ConsumerGroupMember::unnamed_topics() const {
  std::vector<Uuid> unnamed;
  if (!target_ || !is_behind_) return unnamed;
  for (const auto& [topic, indexes] : *target_) {
    if (names_.count(topic) == 0) unnamed.push_back(topic);
  }
  return unnamed;
}

std::set<std::string> ConsumerGroupMember::topics() const {
  std::set<std::string> topics;
  const auto add = [&](const Partitions& partitions) {
    for (const auto& [topic, indexes] : partitions) {
      const auto name = names_.find(topic);
      if (name != names_.end()) topics.insert(name->second);
    }
  };
  add(owned_);
  add(taken_);
  if (target_) add(*target_);
  return topics;
}

}  // namespace millrace::client
