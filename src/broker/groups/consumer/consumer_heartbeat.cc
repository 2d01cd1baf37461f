// ConsumerGroupHeartbeat, versions 0–1.
//   Epoch 0 joins; -1 leaves; -2 leaves for a while, which static members may: what they have stays
//   theirs until their session is over.
//   Null says that nothing has changed. Who joins says everything.
//   A member of another epoch than its own is fenced, and joins anew: then it has what it had, and
//   nobody else has to know. One epoch behind is let in
//   when it claims nothing that it does not have: the answer that told the new one may be lost.
//   The assignment is told when it has changed, or when the member tells everything of itself.
//   The answer goes when what it says is in the log.
// Version notes: v1 has regular expressions, and members that choose their ids themselves.
// source  Kafka, GroupMetadataManager; KIP-848, KIP-1082

#include "broker/groups/consumer/consumer_heartbeat.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/probe.h"
#include "broker/groups/consumer/consumer_turn.h"
#include "broker/groups/consumer/conversion.h"
#include "broker/groups/consumer/subscriptions.h"
#include "wire/error_text.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using wire::make_error;
using BeatRequest = wire::ConsumerGroupHeartbeatRequest;
using BeatResponse = wire::ConsumerGroupHeartbeatResponse;

constexpr std::int16_t kMemberChoosesIdSince = 1;

/// A request on its way through the rules.
struct Beat {
  Turn& turn;
  RequestToken token;
  const GroupCaller& caller;
  BeatRequest request;

  bool joins() const { return request.member_epoch == 0; }
  bool leaves() const { return request.member_epoch < 0; }
  /// A member tells everything of itself when it joins, and when it may have missed an answer.
  bool tells_everything() const {
    return joins() || (request.rebalance_timeout_ms != -1 &&
                       (request.subscribed_topic_names || request.subscribed_topic_regex) &&
                       request.topic_partitions);
  }
  std::optional<Partitions> owned() const {
    if (!request.topic_partitions) return std::nullopt;
    return partitions_of(*request.topic_partitions);
  }
};

// ---- what is wrong with a request, whatever group it is for ----

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char letter) { return std::isspace(static_cast<unsigned char>(letter)); });
}

Status invalid(std::string_view what) {
  return make_error(KafkaError::kInvalidRequest, what);
}

/// Whether everything that goes into a record fits there: what can never be written would hold the
/// answers to all members up.
bool texts_fit(const BeatRequest& request) {
  const auto fits = [](std::string_view text) { return text.size() <= kNameBytesMax; };
  const auto names = request.subscribed_topic_names.value_or(std::vector<std::string>{});
  std::size_t bytes = 0;
  for (const std::string& name : names) bytes += name.size();
  return bytes <= kSaidBytesMax && fits(request.group_id) && fits(request.member_id) &&
         fits(request.instance_id.value_or("")) && fits(request.rack_id.value_or("")) &&
         std::all_of(names.begin(), names.end(), fits);
}

Status check_joining(const BeatRequest& request) {
  if (request.rebalance_timeout_ms == -1) {
    return invalid("who joins has to say a RebalanceTimeoutMs");
  }
  if (!request.topic_partitions || !request.topic_partitions->empty()) {
    return invalid("who joins owns nothing: TopicPartitions has to be empty");
  }
  if (!request.subscribed_topic_names && !request.subscribed_topic_regex) {
    return invalid("who joins has to say SubscribedTopicNames or SubscribedTopicRegex");
  }
  return {};
}

Status check_assignor(const BeatRequest& request, const GroupConfig& config) {
  const auto& known = config.consumer_assignors;
  if (!request.server_assignor) return {};
  if (std::find(known.begin(), known.end(), *request.server_assignor) != known.end()) return {};
  return make_error(KafkaError::kUnsupportedAssignor,
                    fmt::format("wanted one of the assignors {}, found '{}'",
                                fmt::join(known, ", "), *request.server_assignor));
}

Status check_beat(const Beat& beat) {
  const BeatRequest& request = beat.request;
  const bool needs_id = beat.caller.api_version >= kMemberChoosesIdSince || !beat.joins();
  if (is_blank(request.group_id)) return invalid("GroupId is empty");
  if (needs_id && is_blank(request.member_id)) return invalid("MemberId is empty");
  if (request.instance_id && is_blank(*request.instance_id)) return invalid("InstanceId is empty");
  if (request.rack_id && is_blank(*request.rack_id)) return invalid("RackId is empty");
  if (!texts_fit(request)) return invalid("a text is too long for the log");
  if (request.member_epoch < kStaticLeaveEpoch) return invalid("MemberEpoch is below -2");
  if (request.member_epoch == kStaticLeaveEpoch && !request.instance_id) {
    return invalid("only a static member, which says its InstanceId, leaves for a while");
  }
  if (beat.joins()) {
    if (Status joining = check_joining(request); !joining.ok()) return joining;
  }
  return check_assignor(request, beat.turn.state.config);
}

Status check_expression(const BeatRequest& request) {
  const Status regex = check_regex(request.subscribed_topic_regex.value_or(""));
  if (regex.ok()) return {};
  return make_error(KafkaError::kInvalidRegularExpression, regex.error().message);
}

// ---- who is let in ----

Status check_epoch(const ConsumerMember& member, const Beat& beat) {
  const std::int32_t epoch = beat.request.member_epoch;
  if (epoch == member.epoch) return {};
  const auto owned = beat.owned();
  const bool may_have_missed_an_answer =
      epoch < member.epoch && epoch == member.previous_epoch && owned &&
      std::all_of(owned->begin(), owned->end(), [&](const TopicIdPartition& partition) {
        return member.assigned.contains(partition);
      });
  if (may_have_missed_an_answer) {
    PROBE("broker: a member of a consumer group missed the answer that told its epoch");
    return {};
  }
  PROBE("broker: a member of a consumer group was fenced by its epoch");
  return make_error(KafkaError::kFencedMemberEpoch,
                    fmt::format("wanted epoch {} of member {}, found {}: it has to give up all its "
                                "partitions and join again",
                                member.epoch, member.id, epoch));
}

Error no_such_member(const ConsumerGroup& group, std::string_view member_id) {
  return make_error(KafkaError::kUnknownMemberId,
                    fmt::format("member {} is not in group {}", member_id, group.id()));
}

Result<const ConsumerMember*> find_own_static(const ConsumerGroup& group, const Beat& beat) {
  const std::string& instance = *beat.request.instance_id;
  const ConsumerMember* const holder = group.find_static(instance);
  if (holder == nullptr) {
    return make_error(KafkaError::kUnknownMemberId,
                      fmt::format("nobody is instance {} in group {}", instance, group.id()));
  }
  if (holder->id != beat.request.member_id) {
    return make_error(KafkaError::kFencedInstanceId,
                      fmt::format("instance {} is member {} now, and not {}", instance, holder->id,
                                  beat.request.member_id));
  }
  return holder;
}

/// The member that the request is of, as it was; a new one is named and nothing else.
struct Admitted {
  ConsumerMember member;
  std::string replaces;  // the id of the member whose place it takes, or empty
};

Admitted newcomer(const Beat& beat) {
  Admitted admitted;
  admitted.member.id = beat.request.member_id;
  return admitted;
}

Result<Admitted> admit_joining_static(const ConsumerGroup& group, const Beat& beat) {
  const std::string& instance = *beat.request.instance_id;
  const ConsumerMember* const holder = group.find_static(instance);
  if (holder == nullptr) return newcomer(beat);
  if (!holder->classic && holder->epoch != kStaticLeaveEpoch) {
    return make_error(KafkaError::kUnreleasedInstanceId,
                      fmt::format("instance {} is still member {}", instance, holder->id));
  }
  Admitted admitted{*holder, holder->id};
  admitted.member.id = beat.request.member_id;
  admitted.member.epoch = 0;
  admitted.member.previous_epoch = 0;
  return admitted;
}

Result<Admitted> admit(const ConsumerGroup& group, const Beat& beat) {
  if (beat.request.instance_id) {
    if (beat.joins()) return admit_joining_static(group, beat);
    const auto holder = find_own_static(group, beat);
    if (!holder.ok()) return holder.error();
    if (Status epoch = check_epoch(**holder, beat); !epoch.ok()) return std::move(epoch).error();
    return Admitted{**holder, {}};
  }
  const ConsumerMember* const member = group.find(beat.request.member_id);
  if (member == nullptr) {
    if (!beat.joins()) return no_such_member(group, beat.request.member_id);
    return newcomer(beat);
  }
  if (beat.joins()) return Admitted{*member, {}};
  if (Status epoch = check_epoch(*member, beat); !epoch.ok()) return std::move(epoch).error();
  return Admitted{*member, {}};
}

Status check_room(const ConsumerGroup& group, const Beat& beat) {
  const std::int32_t size_max = beat.turn.state.config.consumer_group_size_max;
  const bool is_full = group.members().size() >= static_cast<std::size_t>(std::max(size_max, 0));
  if (!is_full || group.find(beat.request.member_id) != nullptr) return {};
  return make_error(KafkaError::kGroupMaxSizeReached,
                    fmt::format("group {} has {} members, and takes no more", group.id(),
                                group.members().size()));
}

/// The group; null when there is none and somebody joins it. A classic group with members becomes
/// one that he can join.
Result<ConsumerGroup*> find_group_of(const Beat& beat) {
  Turn& turn = beat.turn;
  const std::string& group_id = beat.request.group_id;
  if (ConsumerGroup* const group = turn.find_consumer_group(group_id)) return group;
  const Group* const classic = turn.find_group(group_id);
  if (!beat.joins()) {
    return make_error(KafkaError::kGroupIdNotFound,
                      fmt::format("there is no consumer group {}", group_id));
  }
  if (classic == nullptr || classic->members().empty()) return nullptr;
  return upgrade(turn, group_id);
}

/// A classic group without members makes way; its offsets stay.
ConsumerGroup& make_group(Turn& turn, const std::string& group_id) {
  const Group* const classic = turn.find_group(group_id);
  const bool is_logged = classic != nullptr && classic->is_logged;
  turn.state.groups.erase(group_id);
  ConsumerGroup& group = turn.make_consumer_group(group_id);
  group.unwritten.classic_group = is_logged;
  // As Kafka has it: so the first member's epoch is 2, or 1 when it wants nothing.
  group.bump_epoch(0);
  return group;
}

// ---- what it changes ----

void note_what_it_says(ConsumerMember& member, const Beat& beat) {
  const BeatRequest& request = beat.request;
  if (request.instance_id) member.instance_id = request.instance_id;
  if (request.rack_id) member.rack_id = request.rack_id;
  if (request.rebalance_timeout_ms != -1) {
    member.rebalance_timeout = Millis{std::max(request.rebalance_timeout_ms, 0)};
  }
  if (request.server_assignor) member.assignor = request.server_assignor;
  if (const auto& names = request.subscribed_topic_names) {
    member.topics = {names->begin(), names->end()};
  }
  if (request.subscribed_topic_regex) member.regex = *request.subscribed_topic_regex;
  member.client_id = beat.caller.client_id;
  member.client_host = beat.caller.client_host;
  member.classic.reset();
}

bool have_same_partitions(const OwnedPartitions& a, const OwnedPartitions& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& left, const auto& right) { return left.first == right.first; });
}

std::string assignor_of(const ConsumerGroup& group, const GroupConfig& config) {
  return group.preferred_assignor(config.consumer_assignors.front());
}

BeatResponse response_of(const ConsumerMember& member, const ConsumerTimes& times) {
  BeatResponse response;
  response.member_id = member.id;
  response.member_epoch = member.epoch;
  response.heartbeat_interval_ms = static_cast<std::int32_t>(times.heartbeat_interval.count());
  return response;
}

void update(Beat& beat, ConsumerGroup& group, Admitted admitted) {
  Turn& turn = beat.turn;
  const ConsumerMember before = admitted.member;
  ConsumerMember member = std::move(admitted.member);
  note_what_it_says(member, beat);
  const bool is_new = admitted.replaces.empty() && group.find(member.id) == nullptr;
  const std::string assignor_before = assignor_of(group, turn.state.config);
  const bool wants_others = member.topics != before.topics || member.regex != before.regex;
  const std::string id = member.id;
  if (admitted.replaces.empty()) {
    group.put(std::move(member));
  } else {
    LOG_INFO("static member comes back", {{"group", group.id()},
                                          {"instance", *beat.request.instance_id},
                                          {"old_member", admitted.replaces},
                                          {"new_member", id}});
    cancel_member_timers(turn, group, admitted.replaces);
    group.replace(admitted.replaces, std::move(member));
  }
  if (is_new) LOG_INFO("member joins a consumer group", {{"group", group.id()}, {"member", id}});

  const bool deals_otherwise = assignor_of(group, turn.state.config) != assignor_before;
  refresh_topics(turn, group, wants_others || (deals_otherwise && !is_new));
  deal_if_due(turn, group);
  const ConsumerMember& after = reconcile_member(turn, group, id, beat.owned());
  expect_consumer_heartbeat(turn, group, after);

  BeatResponse response = response_of(after, turn.state.config.times_of(group.id()));
  if (beat.tells_everything() || !have_same_partitions(before.assigned, after.assigned)) {
    response.assignment.emplace().topic_partitions =
        by_topic<wire::HeartbeatTopicPartitions>(after.assigned);
  }
  write_and_answer(turn, group, GroupReply{beat.token, std::move(response)});
}

Status live(Beat& beat) {
  if (Status regex = check_expression(beat.request); !regex.ok()) return regex;
  auto found = find_group_of(beat);
  if (!found.ok()) return std::move(found).error();
  if (beat.request.member_id.empty()) {
    beat.request.member_id = Uuid::random(beat.turn.state.random).to_base64();
  }
  const ConsumerGroup none(beat.request.group_id);
  const ConsumerGroup& asked = *found == nullptr ? none : **found;
  if (Status room = check_room(asked, beat); !room.ok()) return room;
  auto admitted = admit(asked, beat);
  if (!admitted.ok()) return std::move(admitted).error();
  ConsumerGroup& group = *found == nullptr ? make_group(beat.turn, beat.request.group_id) : **found;
  update(beat, group, std::move(admitted).value());
  return {};
}

/// What it has stays its own, but for what it was to give up.
void leave_for_a_while(Turn& turn, ConsumerGroup& group, ConsumerMember member) {
  member.epoch = kStaticLeaveEpoch;
  member.to_revoke.clear();
  turn.state.timers.cancel({TimerKind::kRevocation, group.id(), member.id});
  group.put(std::move(member));
}

Status leave_group(Beat& beat) {
  const BeatRequest& request = beat.request;
  ConsumerGroup* const group = beat.turn.find_consumer_group(request.group_id);
  if (group == nullptr) {
    return make_error(KafkaError::kGroupIdNotFound,
                      fmt::format("there is no consumer group {}", request.group_id));
  }
  if (request.instance_id) {
    const auto holder = find_own_static(*group, beat);
    if (!holder.ok()) return holder.error();
  } else if (group->find(request.member_id) == nullptr) {
    return no_such_member(*group, request.member_id);
  }
  if (request.instance_id && request.member_epoch == kStaticLeaveEpoch) {
    leave_for_a_while(beat.turn, *group, *group->find(request.member_id));
  } else {
    take_out(beat.turn, *group, request.member_id, "it says so");
  }
  BeatResponse response;
  response.member_id = request.member_id;
  response.member_epoch = request.member_epoch;
  GroupReply reply{beat.token, std::move(response)};
  if (group->find(request.member_id) == nullptr) {
    finish_removal(beat.turn, *group, std::move(reply));
  } else {
    write_and_answer(beat.turn, *group, std::move(reply));
  }
  return {};
}

}  // namespace

void consumer_heartbeat(Turn& turn, RequestToken token, const GroupCaller& caller,
                        wire::ConsumerGroupHeartbeatRequest request) {
  Beat beat{turn, token, caller, std::move(request)};
  Status done = check_beat(beat);
  if (done.ok()) done = beat.leaves() ? leave_group(beat) : live(beat);
  if (done.ok()) return;
  BeatResponse response;
  response.error_code = code_of(wire::kafka_error_of(done.error()));
  response.error_message = wire::bare_text(done.error());
  // It may have made a consumer group of a classic one on its way.
  ConsumerGroup* const group = turn.find_consumer_group(beat.request.group_id);
  if (group != nullptr && !group->unwritten.empty()) {
    return write_and_answer(turn, *group, GroupReply{token, std::move(response)});
  }
  turn.answer(token, std::move(response));
}

}  // namespace millrace::broker
