#include <algorithm>

#include "client/admin.h"
#include "client/admin/admin_core.h"
#include "client/group/subscription_codec.h"
#include "wire/messages/consumer_group_describe.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/list_groups.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

GroupDescription description_of(const wire::DescribeGroupsResponse::DescribedGroup& group,
                                BrokerId coordinator) {
  GroupDescription description{.group_id = group.group_id,
                               .state = group.group_state,
                               .protocol_type = group.protocol_type,
                               .assignor = group.protocol_data,
                               .coordinator = coordinator,
                               .members = {}};
  for (const auto& each : group.members) {
    GroupMemberDescription member{.member_id = each.member_id,
                                  .group_instance_id = each.group_instance_id,
                                  .client_id = each.client_id,
                                  .client_host = each.client_host,
                                  .assignment = {}};
    const auto assignment = decode_assignment(each.member_assignment);
    if (assignment.ok()) member.assignment = assignment->partitions;
    description.members.push_back(std::move(member));
  }
  return description;
}

std::vector<TopicPartition> partitions_in(
    const wire::ConsumerGroupDescribeResponse::Assignment& assignment) {
  std::vector<TopicPartition> partitions;
  for (const auto& topic : assignment.topic_partitions) {
    for (const std::int32_t partition : topic.partitions) {
      partitions.push_back({topic.topic_name, PartitionId{partition}});
    }
  }
  return partitions;
}

GroupDescription description_of(const wire::ConsumerGroupDescribeResponse::DescribedGroup& group,
                                BrokerId coordinator) {
  GroupDescription description{.group_id = group.group_id,
                               .state = group.group_state,
                               .protocol_type = "consumer",
                               .assignor = group.assignor_name,
                               .coordinator = coordinator,
                               .members = {},
                               .group_type = "consumer",
                               .epoch = group.group_epoch,
                               .assignment_epoch = group.assignment_epoch};
  for (const auto& each : group.members) {
    description.members.push_back({.member_id = each.member_id,
                                   .group_instance_id = each.instance_id,
                                   .client_id = each.client_id,
                                   .client_host = each.client_host,
                                   .assignment = partitions_in(each.assignment),
                                   .epoch = each.member_epoch,
                                   .target = partitions_in(each.target_assignment)});
  }
  return description;
}

bool is_unknown(const wire::DescribeGroupsResponse::DescribedGroup& group) {
  return group.group_state == "Dead" || group.error_code == code_of(KafkaError::kGroupIdNotFound);
}

template <class Response>
KafkaError error_of_first_group(const Response& response) {
  return response.groups.empty() ? KafkaError::kNone
                                 : static_cast<KafkaError>(response.groups.front().error_code);
}

}  // namespace

/// What DescribeGroups does not know may be a consumer group; brokers before 3.8 have none.
Result<GroupDescription> Admin::describe_consumer_group(const std::string& group_id) {
  using Response = wire::ConsumerGroupDescribeResponse;
  wire::ConsumerGroupDescribeRequest request;
  request.group_ids = {group_id};
  auto answer = core().ask<wire::ConsumerGroupDescribeRequest, Response>(
      Target::coordinator(CoordinatorKey::group(group_id)), std::move(request),
      error_of_first_group<Response>);
  const bool has_none = !answer.ok() && answer.error().code == ErrorCode::kUnsupported;
  if (!answer.ok() && !has_none) return std::move(answer).error();
  if (has_none || answer->groups.empty()) {
    return wire::make_error(KafkaError::kGroupIdNotFound, "group " + group_id);
  }
  const auto& group = answer->groups.front();
  if (group.error_code != 0) {
    return admin_error(group.error_code, "group " + group_id, group.error_message);
  }
  const auto coordinator = core().coordinator(CoordinatorKey::group(group_id));
  return description_of(group, coordinator.ok() ? *coordinator : kNoBroker);
}

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
        error_of_first_group<Response>);
    if (!answer.ok()) return std::move(answer).error();
    const auto coordinator = core().coordinator(CoordinatorKey::group(group_id));
    for (const auto& group : answer->groups) {
      if (is_unknown(group)) {
        outcomes.emplace(group_id, describe_consumer_group(group_id));
      } else if (group.error_code != 0) {
        outcomes.emplace(group_id,
                         admin_error(group.error_code, "group " + group_id, group.error_message));
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
