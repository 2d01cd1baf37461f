#include "client/group/group_member.h"

#include <algorithm>

#include "base/check.h"
#include "base/fence.h"
#include "base/probe.h"
#include "client/group/subscription_codec.h"
#include "wire/error_codes.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

template <class Answer>
std::optional<Error> error_in(const Result<Answer>& answer, std::string_view what) {
  if (!answer.ok()) return answer.error();
  const auto code = static_cast<KafkaError>(answer->error_code);
  if (code == KafkaError::kNone) return std::nullopt;
  return wire::make_error(code, std::string(what));
}

constexpr std::string_view kProtocolType = "consumer";

}  // namespace

GroupMember::GroupMember(GroupMemberConfig config, Random random)
    : config_(std::move(config)),
      random_(random),
      is_cooperative_(common_protocol(config_.assignors) == RebalanceProtocol::kCooperative) {
  CHECK(!config_.assignors.empty(), "a group member needs an assignor");
}

void GroupMember::subscribe(std::vector<std::string> topics, MonotonicTime now) {
  std::sort(topics.begin(), topics.end());
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  const bool is_same = topics == topics_ && state_ != State::kIdle;
  topics_ = std::move(topics);
  if (!is_same) rejoin(now);
}

void GroupMember::leave(std::string_view reason) {
  if (state_ == State::kIdle) return;
  if (!member_id_.empty() && !config_.group_instance_id) {
    wire::LeaveGroupRequest request;
    request.group_id = config_.group_id;
    request.member_id = member_id_;
    request.members.push_back({.member_id = member_id_,
                               .group_instance_id = std::nullopt,
                               .reason = std::string(reason)});
    effects_.push_back(SendLeave{std::move(request)});
    member_id_.clear();
  }
  next_ticket();
  heartbeat_under_way_ = false;
  state_ = State::kIdle;
  generation_ = -1;
  is_leader_ = false;
  application_busy_ = false;
  rejoin_wanted_ = false;
  loss_pending_ = false;
  owned_.clear();
}

void GroupMember::on_poll_overdue() {
  if (state_ == State::kIdle || generation_ < 0) return;
  const bool was_busy = application_busy_;
  const std::vector<TopicPartition> owned = owned_;
  const std::vector<TopicPartition> taken = taken_;
  leave("the application did not poll within max.poll.interval.ms");
  state_ = State::kRevoking;
  application_busy_ = true;
  if (was_busy) {
    taken_ = taken;
    loss_pending_ = true;
  } else {
    taken_.clear();
    effects_.push_back(Rebalance{.revoked = {}, .lost = owned, .assigned = {}});
  }
}

// Asks the application for everything first when the protocol wants that; otherwise joins at once.
void GroupMember::rejoin(MonotonicTime now) {
  if (application_busy_) {
    rejoin_wanted_ = true;
    return;
  }
  rejoin_wanted_ = false;
  if (!is_cooperative_ && !owned_.empty()) {
    next_ticket();
    state_ = State::kRevoking;
    application_busy_ = true;
    taken_.clear();
    effects_.push_back(Rebalance{.revoked = owned_, .lost = {}, .assigned = {}});
    return;
  }
  send_join(now);
}

std::vector<std::string> GroupMember::watched_topics() const {
  if (!is_leader_ || state_ != State::kStable) return {};
  return leader_.topics();
}

void GroupMember::on_known_counts(const PartitionCounts& counts, MonotonicTime now) {
  if (!is_leader_ || state_ != State::kStable) return;
  if (leader_.are_outdated_by(counts)) rejoin(now);
}

void GroupMember::on_rebalance_done(MonotonicTime now) {
  if (!application_busy_) return;  // the member has left meanwhile
  application_busy_ = false;
  owned_ = std::move(taken_);
  taken_.clear();
  if (loss_pending_ && state_ == State::kIdle) {
    loss_pending_ = false;
    if (owned_.empty()) return;
    application_busy_ = true;
    effects_.push_back(Rebalance{.revoked = {}, .lost = owned_, .assigned = {}});
  } else if (loss_pending_) {
    loss_pending_ = false;
    lose_membership(MemberIdIs::kKept, now);
  } else if (state_ == State::kRevoking) {
    send_join(now);
  } else if (rejoin_wanted_) {
    rejoin(now);
  }
}

// The partitions are somebody else's by now, or soon: the application has to be told before the
// member joins again.
void GroupMember::lose_membership(MemberIdIs member_id, MonotonicTime now) {
  PROBE("client: a member lost its place in the group");
  next_ticket();
  heartbeat_under_way_ = false;
  generation_ = -1;
  is_leader_ = false;
  rejoin_wanted_ = false;
  if (member_id == MemberIdIs::kForgotten) member_id_.clear();
  state_ = State::kRevoking;
  if (application_busy_) {
    loss_pending_ = true;
  } else if (owned_.empty()) {
    send_join(now);
  } else {
    application_busy_ = true;
    taken_.clear();
    effects_.push_back(Rebalance{.revoked = {}, .lost = owned_, .assigned = {}});
  }
}

void GroupMember::fail(Error error) {
  next_ticket();
  state_ = State::kIdle;
  heartbeat_under_way_ = false;
  effects_.push_back(GroupFailed{std::move(error)});
}

// The group must not wait for a member that cannot go on, and deals its partitions to others.
void GroupMember::give_up_membership(Error error) {
  const bool was_busy = application_busy_;
  const std::vector<TopicPartition> owned = owned_;
  std::vector<TopicPartition> taken = std::move(taken_);
  leave("the member cannot go on");
  application_busy_ = was_busy;
  if (was_busy) {
    taken_ = std::move(taken);
    loss_pending_ = true;
  } else if (!owned.empty()) {
    application_busy_ = true;
    taken_.clear();
    effects_.push_back(Rebalance{.revoked = {}, .lost = owned, .assigned = {}});
  }
  fail(std::move(error));
}

void GroupMember::retry_later(MonotonicTime now) {
  next_ticket();
  state_ = State::kWaiting;
  retry_at_ = now + next_delay(config_.retry_backoff, failures_++, random_);
}

void GroupMember::handle_error(const Error& error, MonotonicTime now) {
  switch (wire::error_class(error)) {
    case wire::ErrorClass::kRejoin:
      return rejoin(now);
    case wire::ErrorClass::kRejoinLost:
      return lose_membership(MemberIdIs::kKept, now);
    case wire::ErrorClass::kRejoinAsNew:
      return lose_membership(MemberIdIs::kForgotten, now);
    case wire::ErrorClass::kRetriable:
    case wire::ErrorClass::kRefreshMetadata:
    case wire::ErrorClass::kRefreshLeader:
    case wire::ErrorClass::kFindCoordinator:
    case wire::ErrorClass::kFindController:
      return retry_later(now);
    case wire::ErrorClass::kNone:
    case wire::ErrorClass::kNewEpoch:
    case wire::ErrorClass::kAbortable:
    case wire::ErrorClass::kFatal:
    case wire::ErrorClass::kPermanent:
      return fail(error);
  }
}

void GroupMember::send_join(MonotonicTime now) {
  state_ = State::kJoining;
  next_heartbeat_ = now + config_.heartbeat_interval;
  wire::JoinGroupRequest request;
  request.group_id = config_.group_id;
  request.session_timeout_ms = static_cast<std::int32_t>(config_.session_timeout.count());
  request.rebalance_timeout_ms = static_cast<std::int32_t>(config_.rebalance_timeout.count());
  request.member_id = member_id_;
  request.group_instance_id = config_.group_instance_id;
  request.protocol_type = kProtocolType;
  for (const OfferedAssignor& offered : config_.assignors) {
    auto subscription = encode_subscription(offered);
    if (!subscription.ok()) return give_up_membership(std::move(subscription).error());
    request.protocols.push_back(
        {.name = offered.name, .metadata = std::move(subscription).value()});
  }
  effects_.push_back(SendJoin{next_ticket(), std::move(request)});
}

Result<std::string> GroupMember::encode_subscription(const OfferedAssignor& offered) const {
  MemberSubscription mine;
  mine.topics = topics_;
  mine.rack = config_.rack;
  mine.generation = generation_;
  if (is_cooperative_) mine.owned = owned_;
  auto user_data = fenced(in_assignor(offered, "subscription_user_data"),
                          [&] { return offered.assignor->subscription_user_data(owned_); });
  if (!user_data.ok()) return std::move(user_data).error();
  mine.user_data = std::move(user_data).value();
  return client::encode_subscription(mine);
}

void GroupMember::on_join(GroupTicket ticket, const Result<wire::JoinGroupResponse>& answer,
                          MonotonicTime now) {
  if (!is_current(ticket) || state_ != State::kJoining) return;
  if (const auto error = error_in(answer, "join group " + config_.group_id)) {
    if (wire::kafka_error_of(*error) == KafkaError::kMemberIdRequired) {
      member_id_ = answer->member_id;
      send_join(now);
    } else {
      handle_error(*error, now);
    }
    return;
  }
  member_id_ = answer->member_id;
  generation_ = answer->generation_id;
  protocol_name_ = answer->protocol_name.value_or("");
  is_leader_ = answer->leader == member_id_;
  next_heartbeat_ = now + config_.heartbeat_interval;
  if (chosen_assignor() == nullptr) {
    give_up_membership(
        Error{ErrorCode::kUnsupported,
              fmt::format("group {} chose the assignor \"{}\", which this member did not offer",
                          config_.group_id, protocol_name_)});
  } else if (is_leader_) {
    lead(*answer, now);
  } else {
    send_sync({});
  }
}

void GroupMember::lead(const wire::JoinGroupResponse& answer, MonotonicTime now) {
  leader_.take_members(answer);
  if (answer.skip_assignment) {
    send_sync({});  // a static leader that came back: what was dealt before still holds
    return;
  }
  state_ = State::kDealing;
  next_heartbeat_ = now + config_.heartbeat_interval;
  effects_.push_back(AskPartitionCounts{next_ticket(), leader_.topics()});
}

void GroupMember::on_partition_counts(GroupTicket ticket, PartitionCounts counts,
                                      MonotonicTime /*now*/) {
  if (!is_current(ticket) || state_ != State::kDealing) return;
  auto shares = leader_.deal(*chosen_assignor(), std::move(counts));
  if (!shares.ok()) return give_up_membership(std::move(shares).error());
  send_sync(std::move(shares).value());
}

void GroupMember::send_sync(
    std::vector<wire::SyncGroupRequest::SyncGroupRequestAssignment> assignments) {
  state_ = State::kSyncing;
  wire::SyncGroupRequest request;
  request.group_id = config_.group_id;
  request.generation_id = generation_;
  request.member_id = member_id_;
  request.group_instance_id = config_.group_instance_id;
  request.protocol_type = kProtocolType;
  request.protocol_name = protocol_name_;
  request.assignments = std::move(assignments);
  effects_.push_back(SendSync{next_ticket(), std::move(request)});
}

void GroupMember::on_sync(GroupTicket ticket, const Result<wire::SyncGroupResponse>& answer,
                          MonotonicTime now) {
  if (!is_current(ticket) || state_ != State::kSyncing) return;
  if (const auto error = error_in(answer, "sync group " + config_.group_id)) {
    handle_error(*error, now);
    return;
  }
  failures_ = 0;
  take_assignment(answer->assignment, now);
}

void GroupMember::take_assignment(std::string_view bytes, MonotonicTime now) {
  auto assignment = decode_assignment(bytes);
  if (!assignment.ok()) {
    return give_up_membership(
        std::move(assignment).error().with_context("assignment in group " + config_.group_id));
  }
  const OfferedAssignor& chosen = *chosen_assignor();
  const Status told = fenced(in_assignor(chosen, "on_assignment"),
                             [&] { chosen.assignor->on_assignment(*assignment, generation_); });
  if (!told.ok()) return give_up_membership(told.error());
  state_ = State::kStable;
  next_heartbeat_ = now + config_.heartbeat_interval;
  Rebalance rebalance;
  rebalance.revoked = difference(owned_, assignment->partitions);
  rebalance.assigned = difference(assignment->partitions, owned_);
  rebalance.is_complete = true;
  // Whoever gave something up joins once more, so that the leader can hand it over.
  rejoin_wanted_ = is_cooperative_ && !rebalance.revoked.empty();
  taken_ = std::move(assignment->partitions);
  application_busy_ = true;
  effects_.push_back(std::move(rebalance));
}

void GroupMember::send_heartbeat(MonotonicTime now) {
  next_heartbeat_ = now + config_.heartbeat_interval;
  heartbeat_under_way_ = true;
  wire::HeartbeatRequest request;
  request.group_id = config_.group_id;
  request.generation_id = generation_;
  request.member_id = member_id_;
  request.group_instance_id = config_.group_instance_id;
  effects_.push_back(SendHeartbeat{++heartbeat_ticket_, std::move(request)});
}

void GroupMember::on_heartbeat(GroupTicket ticket, const Result<wire::HeartbeatResponse>& answer,
                               MonotonicTime now) {
  if (ticket != heartbeat_ticket_ || !heartbeat_under_way_) return;
  heartbeat_under_way_ = false;
  const auto error = error_in(answer, "heartbeat in group " + config_.group_id);
  if (!error) {
    failures_ = 0;
    return;
  }
  const wire::ErrorClass error_class = wire::error_class(*error);
  if (wire::needs_rejoin(error_class)) {
    on_told_to_rejoin(*error, now);
  } else if (!has_assignment()) {
    return;  // a join under way decides
  } else if (wire::is_retriable(error_class)) {
    next_heartbeat_ = now + next_delay(config_.retry_backoff, failures_++, random_);
  } else {
    handle_error(*error, now);
  }
}

void GroupMember::on_commit_refused(const Error& error, std::int32_t generation,
                                    MonotonicTime now) {
  if (generation < 0 || generation != generation_ || !wire::needs_rejoin(error)) return;
  on_told_to_rejoin(error, now);
}

// Outside of a join: one that is under way decides itself.
void GroupMember::on_told_to_rejoin(const Error& error, MonotonicTime now) {
  const bool keeps_what_it_owns = wire::error_class(error) == wire::ErrorClass::kRejoin;
  if (keeps_what_it_owns ? state_ == State::kStable : has_assignment()) handle_error(error, now);
}

bool GroupMember::has_assignment() const {
  return state_ == State::kStable || state_ == State::kRevoking || state_ == State::kDealing;
}

void GroupMember::on_time(MonotonicTime now) {
  if (state_ == State::kWaiting && now >= retry_at_) send_join(now);
  const bool beats = state_ == State::kStable || state_ == State::kDealing ||
                     (state_ == State::kRevoking && generation_ >= 0);
  if (beats && !heartbeat_under_way_ && now >= next_heartbeat_) send_heartbeat(now);
}

std::optional<MonotonicTime> GroupMember::next_deadline() const {
  switch (state_) {
    case State::kWaiting:
      return retry_at_;
    case State::kStable:
    case State::kDealing:
    case State::kRevoking:
      if (heartbeat_under_way_ || generation_ < 0) return std::nullopt;
      return next_heartbeat_;
    case State::kIdle:
    case State::kJoining:
    case State::kSyncing:
      break;
  }
  return std::nullopt;
}

const OfferedAssignor* GroupMember::chosen_assignor() const {
  for (const OfferedAssignor& offered : config_.assignors) {
    if (offered.name == protocol_name_) return &offered;
  }
  return nullptr;
}

}  // namespace millrace::client
