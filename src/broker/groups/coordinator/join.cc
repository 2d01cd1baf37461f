// JoinGroup, versions 0–9.
//   A member without an id gets one: from v4 on by an error (MEMBER_ID_REQUIRED), so that a client
//   whose first reply is lost does not stay in the group twice.
//   Whoever joins waits until all have joined, and is then told the generation.
//   A follower that rejoins a stable group with nothing new is told the generation at once; a
//   leader that rejoins always starts a rebalance, that is how it asks for one.
// Version notes: v0 has no rebalance time-out and uses the session's.
// source  Kafka, GroupMetadataManager (classic groups); KIP-394, KIP-345, KIP-559, KIP-814

#include "broker/groups/coordinator/join.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "broker/groups/consumer/classic_members.h"
#include "broker/groups/consumer/consumer_records.h"
#include "broker/groups/coordinator/joining.h"
#include "broker/groups/coordinator/rebalance.h"
#include "broker/groups/coordinator/responses.h"

namespace millrace::broker {

namespace {

// The client may have given up, and would come back as yet another member; so a new member that
// nobody could tell its id waits no longer than this.
constexpr Millis kNewMemberJoinTimeout{300'000};
constexpr std::int16_t kMemberIdRequiredSince = 4;

Joining joining_of(RequestToken token, const GroupCaller& caller, wire::JoinGroupRequest request) {
  constexpr std::int16_t kRebalanceTimeoutSince = 1;

  Joining joining;
  joining.request = {token, caller.api_version};
  joining.client_id = caller.client_id;
  joining.client_host = caller.client_host;
  joining.member_id = std::move(request.member_id);
  joining.instance_id = std::move(request.group_instance_id);
  joining.protocol_type = std::move(request.protocol_type);
  for (auto& protocol : request.protocols) {
    joining.protocols.push_back({std::move(protocol.name), std::move(protocol.metadata)});
  }
  joining.session_timeout = Millis{request.session_timeout_ms};
  joining.rebalance_timeout = caller.api_version < kRebalanceTimeoutSince
                                  ? joining.session_timeout
                                  : Millis{std::max(request.rebalance_timeout_ms, 0)};
  return joining;
}

/// Whether everything that goes into a record fits there. Flexible versions carry longer strings.
bool names_fit(const Joining& joining) {
  return joining.client_id.size() <= kNameBytesMax && joining.member_id.size() <= kNameBytesMax &&
         joining.instance_id.value_or("").size() <= kNameBytesMax &&
         joining.protocol_type.size() <= kNameBytesMax &&
         std::all_of(
             joining.protocols.begin(), joining.protocols.end(),
             [](const MemberProtocol& protocol) { return protocol.name.size() <= kNameBytesMax; });
}

/// Counts those who wait, not the members, while a rebalance is under way: so the last to rejoin
/// are turned away when the limit has been lowered.
bool has_room_for(const Group& group, const std::string& member_id, std::int32_t size_max) {
  const auto size_limit = static_cast<std::size_t>(std::max(size_max, 0));
  const auto found = group.members().find(member_id);
  switch (group.state()) {
    case GroupState::kEmpty:
      return true;
    case GroupState::kPreparingRebalance:
      return (found != group.members().end() && found->second.awaiting_join.is_waiting()) ||
             group.awaiting_join_count() < size_limit;
    case GroupState::kCompletingRebalance:
    case GroupState::kStable:
      return found != group.members().end() || group.members().size() < size_limit;
  }
  return false;
}

/// A consumer group without members is no more; its offsets stay.
void make_way(Turn& turn, const ConsumerGroup& group) {
  turn.append(group.id(), tombstones_of_all(group), EmptyGroupStored{});
  turn.state.consumer_groups.erase(group.id());
}

void join_new(Turn& turn, Group& group, Joining joining) {
  if (!group.supports(joining.protocol_type, joining.protocols)) {
    joining.refuse(turn, wire::KafkaError::kInconsistentGroupProtocol);
    return;
  }
  std::string member_id =
      make_member_id(joining.instance_id.value_or(joining.client_id), turn.state.random);
  if (joining.instance_id) {
    join_static(turn, group, std::move(joining), std::move(member_id));
    return;
  }
  if (joining.request.api_version < kMemberIdRequiredSince) {
    add_and_rebalance(turn, group, std::move(joining), std::move(member_id));
    return;
  }
  turn.set_timer({TimerKind::kSession, group.id(), member_id}, joining.session_timeout);
  joining.refuse(turn, wire::KafkaError::kMemberIdRequired, member_id);
  group.add_pending(std::move(member_id));
}

void rejoin(Turn& turn, Group& group, Member& member, Joining joining) {
  const bool says_the_same = member.protocols == joining.protocols;
  switch (group.state()) {
    case GroupState::kPreparingRebalance:
      update_and_rebalance(turn, group, member, std::move(joining), "a member rejoins");
      return;
    case GroupState::kCompletingRebalance:
      // It may not have got our last answer.
      if (says_the_same) {
        turn.answer(joining.request.token, join_success(group, member.id));
      } else {
        update_and_rebalance(turn, group, member, std::move(joining), "a member has changed");
      }
      return;
    case GroupState::kStable:
      if (group.is_leader(member.id)) {
        update_and_rebalance(turn, group, member, std::move(joining), "the leader rejoins");
      } else if (!says_the_same) {
        update_and_rebalance(turn, group, member, std::move(joining), "a member has changed");
      } else {
        turn.answer(joining.request.token, join_success(group, member.id));
      }
      return;
    case GroupState::kEmpty:
      joining.refuse(turn, wire::KafkaError::kUnknownMemberId);
      return;
  }
}

void join_known(Turn& turn, Group& group, Joining joining) {
  if (!group.supports(joining.protocol_type, joining.protocols)) {
    joining.refuse(turn, wire::KafkaError::kInconsistentGroupProtocol);
    return;
  }
  if (group.is_pending(joining.member_id)) {
    // Pending ids are given to dynamic members only.
    if (joining.instance_id) {
      joining.refuse(turn, wire::KafkaError::kUnknownServerError);
      return;
    }
    std::string member_id = joining.member_id;
    add_and_rebalance(turn, group, std::move(joining), std::move(member_id));
    return;
  }
  const wire::KafkaError error = group.check_member(joining.member_id, joining.instance_id);
  if (error != wire::KafkaError::kNone) {
    joining.refuse(turn, error);
    return;
  }
  Member& member = *group.find(joining.member_id);
  rejoin(turn, group, member, std::move(joining));
}

}  // namespace

std::string make_member_id(std::string_view prefix, Random& random) {
  const std::uint64_t high = (random.next() & 0xffff'ffff'ffff'0fffU) | 0x4000U;
  const std::uint64_t low = (random.next() & 0x3fff'ffff'ffff'ffffU) | 0x8000'0000'0000'0000U;
  return fmt::format("{}-{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", prefix, high >> 32U,
                     (high >> 16U) & 0xffffU, high & 0xffffU, low >> 48U, low & 0xffff'ffff'ffffU);
}

void Joining::refuse(Turn& turn, wire::KafkaError error, std::string_view member_id_to_tell) const {
  turn.answer(request.token, join_error(request.api_version, member_id_to_tell, error));
}

void take_over(Member& member, Joining joining) {
  member.protocols = std::move(joining.protocols);
  member.session_timeout = joining.session_timeout;
  member.rebalance_timeout = joining.rebalance_timeout;
  member.awaiting_join = joining.request;
}

void add_and_rebalance(Turn& turn, Group& group, Joining joining, std::string member_id) {
  Member member;
  member.id = std::move(member_id);
  member.instance_id = joining.instance_id;
  member.client_id = std::move(joining.client_id);
  member.client_host = std::move(joining.client_host);
  member.protocol_type = std::move(joining.protocol_type);
  member.is_new = true;
  take_over(member, std::move(joining));

  if (group.is_initial_rebalance) group.initial_delay.somebody_came = true;
  const Member& added = group.add(std::move(member));
  turn.expect_heartbeat_within(group, added, kNewMemberJoinTimeout);
  rebalance_or_complete(turn, group, "a member joins");
}

void update_and_rebalance(Turn& turn, Group& group, Member& member, Joining joining,
                          std::string_view reason) {
  // A second request under one member id: the first one has been given up by its client.
  fail_waiting_join(turn, member, wire::KafkaError::kRebalanceInProgress, member.id);
  take_over(member, std::move(joining));
  rebalance_or_complete(turn, group, reason);
}

void join(Turn& turn, RequestToken token, const GroupCaller& caller,
          wire::JoinGroupRequest request) {
  const std::string group_id = request.group_id;
  Joining joining = joining_of(token, caller, std::move(request));
  const GroupConfig& config = turn.state.config;

  if (group_id.empty() || group_id.size() > kNameBytesMax) {
    joining.refuse(turn, wire::KafkaError::kInvalidGroupId);
    return;
  }
  if (!names_fit(joining)) {
    joining.refuse(turn, wire::KafkaError::kInvalidRequest, {});
    return;
  }
  if (joining.session_timeout < config.session_timeout_min ||
      joining.session_timeout > config.session_timeout_max) {
    joining.refuse(turn, wire::KafkaError::kInvalidSessionTimeout);
    return;
  }
  const bool is_unknown = joining.member_id.empty();
  ConsumerGroup* const consumer_group = turn.find_consumer_group(group_id);
  if (consumer_group != nullptr && !consumer_group->is_empty()) {
    return join_consumer_group(turn, *consumer_group, std::move(joining));
  }
  Group* group = turn.find_group(group_id);
  if (group == nullptr) {
    if (!is_unknown) {
      joining.refuse(turn, wire::KafkaError::kUnknownMemberId);
      return;
    }
    if (joining.protocol_type.empty() || joining.protocols.empty()) {
      joining.refuse(turn, wire::KafkaError::kInconsistentGroupProtocol);
      return;
    }
    if (consumer_group != nullptr) make_way(turn, *consumer_group);
    group = &turn.find_or_create_group(group_id);
  }
  if (!has_room_for(*group, joining.member_id, config.group_size_max)) {
    remove_member(turn, *group, joining.member_id);
    joining.refuse(turn, wire::KafkaError::kGroupMaxSizeReached, {});
    complete_if_all_joined(turn, *group);
    return;
  }
  if (is_unknown) {
    join_new(turn, *group, std::move(joining));
  } else {
    join_known(turn, *group, std::move(joining));
  }
}

}  // namespace millrace::broker
