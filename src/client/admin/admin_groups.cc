#include <algorithm>

#include "client/admin.h"
#include "client/admin/admin_core.h"
#include "client/group/subscription_codec.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/list_groups.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

GroupDescription description_of(const wire::DescribeGroupsResponse::DescribedGroup& group,
                                BrokerId coordinator) {
  GroupDescription description{group.group_id,      group.group_state, group.protocol_type,
                               group.protocol_data, coordinator,       {}};
  for (const auto& each : group.members) {
    GroupMemberDescription member{
        each.member_id, each.group_instance_id, each.client_id, each.client_host, {}};
    const auto assignment = decode_assignment(each.member_assignment);
    if (assignment.ok()) member.assignment = assignment->partitions;
    description.members.push_back(std::move(member));
  }
  return description;
}

}  // namespace

Result<std::vector<GroupListing>> Admin::list_groups() {
  auto answers =
      core().ask_every_broker<wire::ListGroupsRequest, wire::ListGroupsResponse>({}, "groups");
  if (!answers.ok()) return std::move(answers).error();
  std::vector<GroupListing> listings;
  for (auto& [broker, answer] : *answers) {
    for (auto& group : answer.groups) {
      listings.push_back({std::move(group.group_id), std::move(group.protocol_type),
                          std::move(group.group_state), std::move(group.group_type)});
    }
  }
  std::sort(listings.begin(), listings.end(),
            [](const auto& a, const auto& b) { return a.group_id < b.group_id; });
  return listings;
}

Result<Outcomes<std::string, GroupDescription>> Admin::describe_groups(
    const std::vector<std::string>& group_ids) {
  Outcomes<std::string, GroupDescription> outcomes;
  using Response = wire::DescribeGroupsResponse;
  for (const std::string& group_id : group_ids) {
    wire::DescribeGroupsRequest request;
    request.groups = {group_id};
    auto answer = core().ask<wire::DescribeGroupsRequest, Response>(
        Target::coordinator(CoordinatorKey::group(group_id)), std::move(request),
        [](const Response& each) {
          return each.groups.empty() ? KafkaError::kNone
                                     : static_cast<KafkaError>(each.groups.front().error_code);
        });
    if (!answer.ok()) return std::move(answer).error();
    const auto coordinator = core().coordinator(CoordinatorKey::group(group_id));
    for (const auto& group : answer->groups) {
      if (group.error_code != 0) {
        outcomes.emplace(group_id,
                         admin_error(group.error_code, "group " + group_id, group.error_message));
      } else if (group.group_state == "Dead") {
        outcomes.emplace(group_id,
                         wire::make_error(KafkaError::kGroupIdNotFound, "group " + group_id));
      } else {
        outcomes.emplace(group_id,
                         description_of(group, coordinator.ok() ? *coordinator : kNoBroker));
      }
    }
  }
  return outcomes;
}

Result<Outcomes<std::string, void>> Admin::delete_groups(
    const std::vector<std::string>& group_ids) {
  Outcomes<std::string, void> outcomes;
  using Response = wire::DeleteGroupsResponse;
  for (const std::string& group_id : group_ids) {
    wire::DeleteGroupsRequest request;
    request.groups_names = {group_id};
    auto answer = core().ask<wire::DeleteGroupsRequest, Response>(
        Target::coordinator(CoordinatorKey::group(group_id)), std::move(request),
        [](const Response& each) {
          return each.results.empty() ? KafkaError::kNone
                                      : static_cast<KafkaError>(each.results.front().error_code);
        });
    if (!answer.ok()) return std::move(answer).error();
    for (const auto& group : answer->results) {
      outcomes.emplace(group.group_id,
                       admin_outcome(group.error_code, "delete group " + group.group_id));
    }
  }
  return outcomes;
}

}  // namespace millrace::client
