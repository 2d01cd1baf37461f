#include "broker/groups/coordinator/group_state.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "broker/groups/coordinator/subscribed_topics.h"

namespace millrace::broker {

std::string_view group_state_name(GroupState state) {
  switch (state) {
    case GroupState::kEmpty:
      return "Empty";
    case GroupState::kPreparingRebalance:
      return "PreparingRebalance";
    case GroupState::kCompletingRebalance:
      return "CompletingRebalance";
    case GroupState::kStable:
      return "Stable";
  }
  return "Unknown";
}

Member* Group::find(std::string_view member_id) {
  const auto found = members_.find(member_id);
  return found == members_.end() ? nullptr : &found->second;
}

bool Group::is_leader(std::string_view member_id) const {
  return !leader_.empty() && leader_ == member_id;
}

const std::string* Group::static_member_id(std::string_view instance_id) const {
  const auto found = static_members_.find(instance_id);
  return found == static_members_.end() ? nullptr : &found->second;
}

wire::KafkaError Group::check_member(std::string_view member_id,
                                     const std::optional<std::string>& instance_id) const {
  if (instance_id) {
    const std::string* const holder = static_member_id(*instance_id);
    if (holder == nullptr) return wire::KafkaError::kUnknownMemberId;
    if (*holder != member_id) return wire::KafkaError::kFencedInstanceId;
  }
  return members_.contains(member_id) ? wire::KafkaError::kNone
                                      : wire::KafkaError::kUnknownMemberId;
}

Member& Group::add(Member member) {
  CHECK(!members_.contains(member.id), "member {} is in group {} already", member.id, id_);
  CHECK(!member.id.empty(), "a member of group {} has no id", id_);

  pending_.erase(member.id);
  if (members_.empty()) protocol_type_ = member.protocol_type;
  if (leader_.empty()) leader_ = member.id;
  if (member.instance_id) static_members_[*member.instance_id] = member.id;
  std::string id = member.id;
  return members_.emplace(std::move(id), std::move(member)).first->second;
}

void Group::remove(std::string_view member_id) {
  if (const auto pending = pending_.find(member_id); pending != pending_.end()) {
    pending_.erase(pending);
  }
  const auto found = members_.find(member_id);
  if (found == members_.end()) return;

  const bool led = found->first == leader_;
  if (found->second.instance_id) static_members_.erase(*found->second.instance_id);
  members_.erase(found);
  if (led) leader_ = members_.empty() ? std::string() : members_.begin()->first;
}

Member& Group::rename_static(std::string_view instance_id, std::string new_member_id) {
  const auto holder = static_members_.find(instance_id);
  CHECK(holder != static_members_.end(), "group {} has no static member {}", id_, instance_id);

  auto node = members_.extract(holder->second);
  CHECK(!node.mapped().awaiting_join.is_waiting() && !node.mapped().awaiting_sync.is_waiting(),
        "static member {} still waits", instance_id);
  if (leader_ == holder->second) leader_ = new_member_id;
  holder->second = new_member_id;
  node.key() = new_member_id;
  node.mapped().id = std::move(new_member_id);
  return members_.insert(std::move(node)).position->second;
}

bool Group::supports(std::string_view protocol_type,
                     std::span<const MemberProtocol> protocols) const {
  if (protocol_type.empty() || protocols.empty()) return false;
  if (state_ == GroupState::kEmpty || members_.empty()) return true;
  if (protocol_type_ != protocol_type) return false;
  return std::any_of(protocols.begin(), protocols.end(), [&](const MemberProtocol& protocol) {
    return std::all_of(members_.begin(), members_.end(),
                       [&](const auto& entry) { return entry.second.supports(protocol.name); });
  });
}

std::string Group::select_protocol() const {
  CHECK(!members_.empty(), "group {} has nobody to vote", id_);

  const auto known_to_all = [&](const MemberProtocol& protocol) {
    return std::all_of(members_.begin(), members_.end(),
                       [&](const auto& entry) { return entry.second.supports(protocol.name); });
  };
  std::map<std::string_view, std::size_t> votes;
  for (const auto& [id, member] : members_) {
    const auto wish = std::find_if(member.protocols.begin(), member.protocols.end(), known_to_all);
    CHECK(wish != member.protocols.end(), "group {} has no protocol in common", id_);
    ++votes[wish->name];
  }
  const auto leader = members_.find(leader_);
  CHECK(leader != members_.end(), "group {} has no leader", id_);

  // Going through the leader's list, most wanted first, lets its wish win a tie.
  const std::string* winner = nullptr;
  std::size_t votes_of_winner = 0;
  for (const MemberProtocol& protocol : leader->second.protocols) {
    const auto found = votes.find(protocol.name);
    if (found == votes.end() || found->second <= votes_of_winner) continue;
    winner = &protocol.name;
    votes_of_winner = found->second;
  }
  CHECK(winner != nullptr, "group {} voted for a protocol its leader does not know", id_);
  return *winner;
}

bool Group::all_have_joined() const {
  return pending_.empty() && awaiting_join_count() == members_.size();
}

bool Group::all_have_synced() const {
  return std::none_of(members_.begin(), members_.end(),
                      [](const auto& entry) { return entry.second.owes_sync; });
}

std::size_t Group::awaiting_join_count() const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(),
                    [](const auto& entry) { return entry.second.awaiting_join.is_waiting(); }));
}

bool Group::elect_joined_leader() {
  if (const Member* const leader = find(leader_); leader && leader->awaiting_join.is_waiting()) {
    return true;
  }
  for (const auto& [id, member] : members_) {
    if (!member.awaiting_join.is_waiting()) continue;
    leader_ = id;
    return true;
  }
  return false;
}

Millis Group::rebalance_timeout() const {
  Millis longest{0};
  for (const auto& [id, member] : members_) longest = std::max(longest, member.rebalance_timeout);
  return longest;
}

void Group::move_to(GroupState state, Timestamp now) {
  state_ = state;
  state_since_ = now;
}

void Group::begin_generation(Timestamp now) {
  // A generation that was restored from a log can be any number; after the last comes the first.
  generation_ = generation_ == INT32_MAX ? 0 : generation_ + 1;
  protocol_name_.reset();
  if (!members_.empty()) protocol_name_ = select_protocol();
  for (auto& [id, member] : members_) member.owes_sync = false;
  refresh_subscriptions();
  move_to(members_.empty() ? GroupState::kEmpty : GroupState::kCompletingRebalance, now);
}

void Group::refresh_subscriptions() {
  subscribed_topics_.reset();
  if (protocol_type_ != kConsumerProtocolType) return;

  std::set<std::string> topics;
  for (const auto& [id, member] : members_) {
    const std::string* const metadata = protocol_name_ ? member.metadata(*protocol_name_) : nullptr;
    if (metadata == nullptr) return;
    const auto subscribed = subscribed_topics(*metadata);
    if (!subscribed.ok()) return;
    topics.insert(subscribed->begin(), subscribed->end());
  }
  subscribed_topics_ = std::move(topics);
}

bool Group::is_subscribed_to(const std::string& topic) const {
  if (subscribed_topics_) return subscribed_topics_->contains(topic);
  return protocol_type_ == kConsumerProtocolType;
}

bool Group::restore(Restored restored) {
  const bool has_members = !restored.members.empty();
  if (restored.generation < 0) return false;
  if (has_members && (!restored.protocol_name || restored.protocol_type.empty())) return false;
  std::set<std::string_view> ids;
  std::set<std::string_view> instance_ids;
  for (const Member& member : restored.members) {
    if (member.id.empty() || !ids.insert(member.id).second) return false;
    if (member.instance_id && !instance_ids.insert(*member.instance_id).second) return false;
    if (!member.supports(*restored.protocol_name)) return false;
  }
  if (has_members && !ids.contains(restored.leader)) return false;

  members_.clear();
  pending_.clear();
  static_members_.clear();
  leader_.clear();
  protocol_type_.reset();
  if (!restored.protocol_type.empty()) protocol_type_ = restored.protocol_type;
  for (Member& member : restored.members) add(std::move(member));
  if (has_members) leader_ = restored.leader;
  generation_ = restored.generation;
  protocol_name_ = has_members ? std::move(restored.protocol_name) : std::nullopt;
  refresh_subscriptions();
  move_to(has_members ? GroupState::kStable : GroupState::kEmpty, restored.state_since);
  is_logged = true;
  return true;
}

}  // namespace millrace::broker
