// Kafka's translation: a member's epoch is its generation, and REBALANCE_IN_PROGRESS tells it that
// there is something to give up or to get, for which it joins again. Nobody leads; SyncGroup gives
// each what it has.
// source  Kafka, GroupMetadataManager; KIP-848, "Consumer Group Migration"

#include "broker/groups/consumer/classic_members.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/probe.h"
#include "broker/groups/consumer/consumer_turn.h"
#include "broker/groups/consumer/conversion.h"
#include "broker/groups/coordinator/responses.h"
#include "wire/consumer_protocol.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;

constexpr std::int16_t kMemberIdSince = 4;  // of JoinGroup, that must be given out first
constexpr std::int16_t kManyLeaversSince = 3;

bool all_classic_know(const ConsumerGroup& group, const std::string& protocol) {
  return std::all_of(group.members().begin(), group.members().end(), [&](const auto& entry) {
    const auto& classic = entry.second.classic;
    if (!classic) return true;
    return std::any_of(classic->protocols.begin(), classic->protocols.end(),
                       [&](const MemberProtocol& known) { return known.name == protocol; });
  });
}

bool knows_protocols(const ConsumerGroup& group, const Joining& joining) {
  return joining.protocol_type == kConsumerProtocolType &&
         std::any_of(
             joining.protocols.begin(), joining.protocols.end(),
             [&](const MemberProtocol& each) { return all_classic_know(group, each.name); });
}

bool has_room(const Turn& turn, const ConsumerGroup& group, const std::string& member_id) {
  const auto size_max = std::max(turn.state.config.consumer_group_size_max, 0);
  return group.members().size() < static_cast<std::size_t>(size_max) ||
         group.find(member_id) != nullptr;
}

KafkaError check_member_of(const ConsumerGroup& group, const std::string& member_id,
                           const std::optional<std::string>& instance_id) {
  if (instance_id) {
    const ConsumerMember* const holder = group.find_static(*instance_id);
    if (holder == nullptr) return KafkaError::kUnknownMemberId;
    if (holder->id != member_id) return KafkaError::kFencedInstanceId;
  }
  return group.find(member_id) == nullptr ? KafkaError::kUnknownMemberId : KafkaError::kNone;
}

KafkaError check_classic_member(const ConsumerGroup& group, const std::string& member_id,
                                const std::optional<std::string>& instance_id) {
  const KafkaError error = check_member_of(group, member_id, instance_id);
  if (error != KafkaError::kNone) return error;
  return group.find(member_id)->classic ? KafkaError::kNone : KafkaError::kUnknownMemberId;
}

TimerKey member_timer(TimerKind kind, const ConsumerGroup& group, const std::string& member_id) {
  return {kind, group.id(), member_id};
}

void expect_rejoin(Turn& turn, const ConsumerGroup& group, const ConsumerMember& member) {
  const TimerKey timer = member_timer(TimerKind::kMemberJoin, group, member.id);
  if (!turn.state.timers.contains(timer)) turn.set_timer(timer, member.rebalance_timeout);
}

/// Whether somebody still has what the member waits for.
bool still_waits(const ConsumerGroup& group, const ConsumerMember& member) {
  const Partitions& target = group.target(member.id);
  return std::any_of(target.begin(), target.end(), [&](const TopicIdPartition& wanted) {
    return !member.assigned.contains(wanted) && group.owner(wanted) != nullptr;
  });
}

bool must_rejoin(const ConsumerGroup& group, const ConsumerMember& member) {
  switch (member.state) {
    case MemberState::kUnrevokedPartitions:
      return true;
    case MemberState::kUnreleasedPartitions:
      return member.epoch < group.epoch() || !still_waits(group, member);
    case MemberState::kStable:
      break;
  }
  return member.epoch < group.epoch();
}

// ---- JoinGroup ----

Partitions owned_in(const wire::ConsumerProtocolSubscription& said, const GroupTopics& topics) {
  Partitions owned;
  for (const auto& of_topic : said.owned_partitions) {
    const GroupTopics::Topic* const topic = topics.find(of_topic.topic);
    if (topic == nullptr) continue;
    for (const std::int32_t partition : of_topic.partitions) owned.insert({topic->id, partition});
  }
  return owned;
}

/// The member whose place the joining one takes; null when it is new.
const ConsumerMember* place_of(const ConsumerGroup& group, const Joining& joining,
                               const std::string& member_id) {
  if (joining.instance_id) {
    if (const auto* const holder = group.find_static(*joining.instance_id)) return holder;
  }
  return group.find(member_id);
}

ConsumerMember joined_member(const ConsumerMember* place, const Joining& joining,
                             const std::string& member_id,
                             const wire::ConsumerProtocolSubscription& said) {
  ConsumerMember member;
  if (place != nullptr) member = *place;
  const bool is_replaced = member.id != member_id;
  if (is_replaced) member.epoch = member.previous_epoch = 0;
  member.id = member_id;
  member.instance_id = joining.instance_id;
  if (said.rack_id) member.rack_id = said.rack_id;
  member.client_id = joining.client_id;
  member.client_host = joining.client_host;
  member.rebalance_timeout = joining.rebalance_timeout;
  member.topics = {said.topics.begin(), said.topics.end()};
  member.regex.clear();
  member.assignor.reset();
  member.classic = ClassicMembership{joining.session_timeout, joining.protocols};
  return member;
}

wire::JoinGroupResponse joined_response(const ConsumerMember& member) {
  wire::JoinGroupResponse response;
  response.generation_id = member.epoch;
  response.protocol_type = std::string(kConsumerProtocolType);
  response.protocol_name = member.classic->protocols.front().name;
  response.member_id = member.id;
  return response;
}

void enter(Turn& turn, ConsumerGroup& group, const Joining& joining, const std::string& member_id,
           const wire::ConsumerProtocolSubscription& said) {
  const ConsumerMember* const place = place_of(group, joining, member_id);
  ConsumerMember member = joined_member(place, joining, member_id, said);
  const bool wants_others =
      place == nullptr || place->topics != member.topics || place->regex != member.regex;
  const std::string replaced = place == nullptr || place->id == member_id ? "" : place->id;
  if (place == nullptr) {
    LOG_INFO("member joins a consumer group by the classic protocol",
             {{"group", group.id()}, {"member", member_id}});
  }
  if (replaced.empty()) {
    group.put(std::move(member));
  } else {
    cancel_member_timers(turn, group, replaced);
    group.replace(replaced, std::move(member));
  }
  refresh_topics(turn, group, wants_others);
  deal_if_due(turn, group);
  const ConsumerMember& after =
      reconcile_member(turn, group, member_id, owned_in(said, *turn.state.topics));
  const GroupReply reply{joining.request.token, joined_response(after)};
  if (!replaced.empty() && may_downgrade(turn, group)) {
    // It took the place of the last one that spoke the new protocol: for the others nothing
    // changes.
    downgrade(turn, group, AfterDowngrade::kGoOn, reply);
    return;
  }
  turn.state.timers.cancel(member_timer(TimerKind::kMemberJoin, group, member_id));
  turn.set_timer(member_timer(TimerKind::kMemberSync, group, member_id), after.rebalance_timeout);
  expect_consumer_heartbeat(turn, group, after);
  write_and_answer(turn, group, reply);
}

std::string encoded_assignment(const ConsumerMember& member, const GroupTopics& topics) {
  Partitions assigned;
  for (const auto& [partition, epoch] : member.assigned) assigned.insert(partition);
  return encode_classic_assignment(assigned, topics, member.classic->protocols.front().metadata);
}

bool is_other(const std::optional<std::string>& said, std::string_view wanted) {
  return said && *said != wanted;
}

KafkaError check_sync(Turn& turn, const ConsumerGroup& group,
                      const wire::SyncGroupRequest& request) {
  const KafkaError error =
      check_classic_member(group, request.member_id, request.group_instance_id);
  if (error != KafkaError::kNone) return error;
  const ConsumerMember& member = *group.find(request.member_id);
  if (request.generation_id != member.epoch) return KafkaError::kIllegalGeneration;
  if (is_other(request.protocol_type, kConsumerProtocolType) ||
      is_other(request.protocol_name, member.classic->protocols.front().name)) {
    return KafkaError::kInconsistentGroupProtocol;
  }
  // Who has yet to give something up has joined already, and is told what it keeps.
  if (member.epoch < group.epoch() && member.state != MemberState::kUnrevokedPartitions) {
    expect_rejoin(turn, group, member);
    return KafkaError::kRebalanceInProgress;
  }
  return KafkaError::kNone;
}

KafkaError leave_one_of(Turn& turn, ConsumerGroup& group,
                        const wire::LeaveGroupRequest::MemberIdentity& identity) {
  std::string member_id = identity.member_id;
  if (member_id.empty() && identity.group_instance_id) {
    // An administrator names static members by their instance alone.
    const ConsumerMember* const holder = group.find_static(*identity.group_instance_id);
    if (holder == nullptr) return KafkaError::kUnknownMemberId;
    member_id = holder->id;
  }
  const KafkaError error = check_member_of(group, member_id, identity.group_instance_id);
  if (error != KafkaError::kNone) return error;
  take_out(turn, group, member_id, identity.reason.value_or("it says so"));
  return KafkaError::kNone;
}

}  // namespace

void join_consumer_group(Turn& turn, ConsumerGroup& group, Joining joining) {
  const bool is_unknown = joining.member_id.empty();
  const std::string member_id =
      is_unknown
          ? make_member_id(joining.instance_id.value_or(joining.client_id), turn.state.random)
          : joining.member_id;
  if (!has_room(turn, group, member_id)) {
    return joining.refuse(turn, KafkaError::kGroupMaxSizeReached, {});
  }
  if (!knows_protocols(group, joining)) {
    return joining.refuse(turn, KafkaError::kInconsistentGroupProtocol);
  }
  if (is_unknown && !joining.instance_id && joining.request.api_version >= kMemberIdSince) {
    return joining.refuse(turn, KafkaError::kMemberIdRequired, member_id);
  }
  if (!is_unknown && joining.instance_id) {
    const ConsumerMember* const holder = group.find_static(*joining.instance_id);
    if (holder == nullptr) return joining.refuse(turn, KafkaError::kUnknownMemberId);
    if (holder->id != member_id) return joining.refuse(turn, KafkaError::kFencedInstanceId);
  }
  std::size_t bytes = 0;
  for (const MemberProtocol& protocol : joining.protocols) bytes += protocol.metadata.size();
  if (bytes > kSaidBytesMax) return joining.refuse(turn, KafkaError::kInvalidRequest);
  const auto said = wire::decode_subscription(joining.protocols.front().metadata);
  if (!said.ok()) return joining.refuse(turn, KafkaError::kInconsistentGroupProtocol);
  enter(turn, group, joining, member_id, *said);
}

void sync_consumer_group(Turn& turn, ConsumerGroup& group, RequestToken token,
                         const wire::SyncGroupRequest& request) {
  const KafkaError error = check_sync(turn, group, request);
  if (error != KafkaError::kNone) return turn.answer(token, sync_error(error));
  const ConsumerMember& member = *group.find(request.member_id);
  turn.state.timers.cancel(member_timer(TimerKind::kMemberSync, group, member.id));
  expect_consumer_heartbeat(turn, group, member);
  wire::SyncGroupResponse response;
  response.protocol_type = request.protocol_type;
  response.protocol_name = request.protocol_name;
  response.assignment = encoded_assignment(member, *turn.state.topics);
  write_and_answer(turn, group, GroupReply{token, std::move(response)});
}

KafkaError heartbeat_consumer_group(Turn& turn, ConsumerGroup& group,
                                    const wire::HeartbeatRequest& request) {
  const KafkaError error =
      check_classic_member(group, request.member_id, request.group_instance_id);
  if (error != KafkaError::kNone) return error;
  const ConsumerMember& member = *group.find(request.member_id);
  if (request.generation_id != member.epoch) return KafkaError::kIllegalGeneration;
  expect_consumer_heartbeat(turn, group, member);
  if (!must_rejoin(group, member)) return KafkaError::kNone;
  expect_rejoin(turn, group, member);
  return KafkaError::kRebalanceInProgress;
}

void leave_consumer_group(Turn& turn, ConsumerGroup& group, GroupReply reply,
                          const wire::LeaveGroupRequest& request, std::int16_t api_version) {
  auto& response = std::get<wire::LeaveGroupResponse>(reply.response);
  bool somebody_left = false;
  for (const auto& identity : request.members) {
    const KafkaError error = leave_one_of(turn, group, identity);
    somebody_left = somebody_left || error == KafkaError::kNone;
    response.members.push_back({.member_id = identity.member_id,
                                .group_instance_id = identity.group_instance_id,
                                .error_code = code_of(error)});
  }
  if (api_version < kManyLeaversSince) {
    response.error_code = response.members.front().error_code;
    response.members.clear();
  }
  if (!somebody_left) return write_and_answer(turn, group, std::move(reply));
  finish_removal(turn, group, std::move(reply));
}

}  // namespace millrace::broker
