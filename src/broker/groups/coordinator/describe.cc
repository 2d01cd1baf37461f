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

// Without an authorizer everything is allowed: one bit for each operation on a group.
constexpr std::int32_t kAllGroupOperations = (1 << 3)      // Read
                                             | (1 << 6)    // Delete
                                             | (1 << 8)    // Describe
                                             | (1 << 10)   // DescribeConfigs
                                             | (1 << 11);  // AlterConfigs

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

DescribedGroup describe_unknown(const std::string& group_id, std::int16_t api_version) {
  DescribedGroup described;
  described.group_state = "Dead";
  if (api_version >= kDescribeNotFoundSince) {
    described.error_code = code_of(wire::KafkaError::kGroupIdNotFound);
    described.error_message = fmt::format("Group {} not found.", group_id);
  }
  return described;
}

}  // namespace

void describe_groups(Turn& turn, RequestToken token, const GroupCaller& caller,
                     const wire::DescribeGroupsRequest& request) {
  wire::DescribeGroupsResponse response;
  for (const std::string& group_id : request.groups) {
    const Group* const group = turn.find_group(group_id);
    DescribedGroup described =
        group != nullptr ? describe_group(*group) : describe_unknown(group_id, caller.api_version);
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
  for (const auto& [group_id, group] : turn.state.groups) {
    const std::string_view state = group_state_name(group->state());
    if (!passes(request.states_filter, state)) continue;
    if (!passes(request.types_filter, kClassicType)) continue;

    auto& listed = response.groups.emplace_back();
    listed.group_id = group_id;
    listed.protocol_type = group->protocol_type().value_or("");
    if (caller.api_version >= kStateSince) listed.group_state = state;
    if (caller.api_version >= kTypeSince) listed.group_type = kClassicType;
  }
  turn.answer(token, std::move(response));
}

}  // namespace millrace::broker
