// DescribeGroups, versions 0–6, and ListGroups, versions 0–5.
//   What members subscribed to and were assigned is shown of a stable group only.
// Version notes: a group that nobody knows is Dead until DescribeGroups v5, and GROUP_ID_NOT_FOUND
// from v6 on. ListGroups filters by state from v4 on, by type from v5 on.
// source  Kafka, GroupMetadataManager; KIP-518, KIP-848, KIP-1043

#include "broker/groups/coordinator/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace millrace::broker {

namespace {

constexpr std::int16_t kDescribeNotFoundSince = 6;
constexpr std::int16_t kAuthorizedOperationsSince = 3;
constexpr std::int16_t kStateSince = 4;
constexpr std::int16_t kTypeSince = 5;
constexpr std::string_view kClassicType = "classic";
// Of groups of KIP-848, whose protocol type has the same name.
constexpr std::string_view kConsumerType = "consumer";

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char left, char right) {
    return std::tolower(static_cast<unsigned char>(left)) ==
           std::tolower(static_cast<unsigned char>(right));
  });
}

/// No filter lets everything through.
bool passes(const std::vector<std::string>& filter, std::string_view value) {
  return filter.empty() ||
         std::any_of(filter.begin(), filter.end(),
                     [&](const std::string& wanted) { return equal_ignoring_case(wanted, value); });
}

using DescribedGroup = wire::DescribeGroupsResponse::DescribedGroup;
using DescribedMember = wire::DescribeGroupsResponse::DescribedGroupMember;

DescribedMember describe_member(const Group& group, const Member& member) {
  DescribedMember described;
  described.member_id = member.id;
  described.group_instance_id = member.instance_id;
  described.client_id = member.client_id;
  described.client_host = member.client_host;
  if (!group.is_in(GroupState::kStable)) return described;

  if (const auto* const metadata = member.metadata(*group.protocol_name())) {
    described.member_metadata = *metadata;
  }
  described.member_assignment = member.assignment;
  return described;
}

DescribedGroup describe_group(const Group& group) {
  DescribedGroup described;
  described.group_state = group_state_name(group.state());
  described.protocol_type = group.protocol_type().value_or("");
  if (group.is_in(GroupState::kStable)) described.protocol_data = *group.protocol_name();
  for (const auto& [id, member] : group.members()) {
    described.members.push_back(describe_member(group, member));
  }
  return described;
}

/// A group of the other protocol is none that this API knows.
DescribedGroup describe_unknown(Turn& turn, const std::string& group_id, std::int16_t api_version) {
  DescribedGroup described;
  described.group_state = "Dead";
  if (api_version >= kDescribeNotFoundSince) {
    described.error_code = code_of(wire::KafkaError::kGroupIdNotFound);
    described.error_message = turn.find_consumer_group(group_id) == nullptr
                                  ? fmt::format("Group {} not found.", group_id)
                                  : fmt::format("Group {} is not a classic group.", group_id);
  }
  return described;
}

}  // namespace

void describe_groups(Turn& turn, RequestToken token, const GroupCaller& caller,
                     const wire::DescribeGroupsRequest& request) {
  wire::DescribeGroupsResponse response;
  for (const std::string& group_id : request.groups) {
    const Group* const group = turn.find_group(group_id);
    DescribedGroup described = group != nullptr
                                   ? describe_group(*group)
                                   : describe_unknown(turn, group_id, caller.api_version);
    described.group_id = group_id;
    if (request.include_authorized_operations && caller.api_version >= kAuthorizedOperationsSince &&
        described.error_code == 0) {
      described.authorized_operations = kAllGroupOperations;
    }
    response.groups.push_back(std::move(described));
  }
  turn.answer(token, std::move(response));
}

void list_groups(Turn& turn, RequestToken token, const GroupCaller& caller,
                 const wire::ListGroupsRequest& request) {
  wire::ListGroupsResponse response;
  const auto list = [&](const std::string& group_id, std::string_view protocol_type,
                        std::string_view state, std::string_view type) {
    if (!passes(request.states_filter, state) || !passes(request.types_filter, type)) return;
    auto& listed = response.groups.emplace_back();
    listed.group_id = group_id;
    listed.protocol_type = protocol_type;
    if (caller.api_version >= kStateSince) listed.group_state = state;
    if (caller.api_version >= kTypeSince) listed.group_type = type;
  };
  for (const auto& [group_id, group] : turn.state.groups) {
    list(group_id, group->protocol_type().value_or(""), group_state_name(group->state()),
         kClassicType);
  }
  for (const auto& [group_id, group] : turn.state.consumer_groups) {
    list(group_id, kConsumerProtocolType, consumer_group_state_name(group->state()), kConsumerType);
  }
  turn.answer(token, std::move(response));
}

}  // namespace millrace::broker
