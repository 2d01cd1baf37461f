// The gates of the APIs of consumer groups.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "broker/access/gates.h"
#include "broker/groups/coordinator/responses.h"
#include "model/ids.h"
#include "wire/error_codes.h"
#include "wire/messages/consumer_group_describe.h"
#include "wire/messages/consumer_group_heartbeat.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/join_group.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_delete.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/sync_group.h"
#include "wire/messages/txn_offset_commit.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using enum Operation;
using enum ResourceType;

constexpr std::int16_t kTopicRefused = code_of(KafkaError::kTopicAuthorizationFailed);

constexpr std::int16_t kFirstCommitById = 10;
constexpr std::int16_t kFirstTransactionalCommitById = 6;
constexpr std::int16_t kOffsetsByIdSince = 10;
constexpr std::int16_t kFirstFetchOfManyGroups = 8;
constexpr std::int16_t kFirstFetchWithError = 2;
constexpr std::int16_t kFirstFindOfManyKeys = 4;

/// What a key of FindCoordinator names. Another type is the handler's to refuse.
enum KeyType : std::int8_t { kGroupKey = 0, kTransactionKey = 1, kShareKey = 2 };

/// The coordinators of share groups are looked for by brokers, and not by clients.
bool may_find_coordinator(const Permit& permit, std::int8_t key_type, std::string_view key) {
  switch (key_type) {
    case kGroupKey:
      return permit.may(kDescribe, kGroup, key);
    case kTransactionKey:
      return permit.may(kDescribe, kTransactionalId, key);
    case kShareKey:
      return permit.may(kClusterAction);
    default:
      return true;
  }
}

std::int16_t denied_coordinator(std::int8_t key_type) {
  switch (key_type) {
    case kTransactionKey:
      return code_of(KafkaError::kTransactionalIdAuthorizationFailed);
    case kShareKey:
      return code_of(KafkaError::kClusterAuthorizationFailed);
    default:
      return code_of(KafkaError::kGroupAuthorizationFailed);
  }
}

/// What a member asks of its group.
template <class Response, class Request>
Verdict<Response> gate_of_member(const Request& request, const Permit& permit) {
  if (permit.may(kRead, kGroup, request.group_id)) return {};
  Verdict<Response> verdict;
  verdict.refusal.emplace().error_code = permit.refusal(kGroup);
  return verdict;
}

using Names = std::vector<std::string>;

Verdict<wire::ConsumerGroupHeartbeatResponse> refused_beat(std::int16_t error) {
  Verdict<wire::ConsumerGroupHeartbeatResponse> verdict;
  verdict.refusal.emplace().error_code = error;
  return verdict;
}

/// Whether every topic of the group's members may be described.
bool shows_only_allowed(const wire::ConsumerGroupDescribeResponse::DescribedGroup& group,
                        const Permit& permit) {
  const auto may_see = [&](const std::string& topic) {
    return permit.may(kDescribe, kTopic, topic);
  };
  const auto may_see_all = [&](const auto& assignment) {
    const auto& topics = assignment.topic_partitions;
    return std::all_of(topics.begin(), topics.end(),
                       [&](const auto& topic) { return may_see(topic.topic_name); });
  };
  return std::all_of(group.members.begin(), group.members.end(), [&](const auto& member) {
    const Names& names = member.subscribed_topic_names;
    return std::all_of(names.begin(), names.end(), may_see) && may_see_all(member.assignment) &&
           may_see_all(member.target_assignment);
  });
}

/// Topics that are asked for by name or, in newer versions, by id.
template <class Topic>
bool may_topic(const Permit& permit, Operation operation, const Topic& topic,
               std::int16_t first_by_id) {
  if (permit.api_version() < first_by_id) return permit.may(operation, kTopic, topic.name);
  const auto name = permit.topic_name(topic.topic_id);
  return !name.has_value() || permit.may(operation, kTopic, *name);
}

/// Of OffsetCommit, TxnOffsetCommit and OffsetDelete.
template <class Answer, class Topic>
Answer refuse_commit(const Topic& topic, std::int16_t error) {
  Answer answer;
  answer.name = topic.name;
  if constexpr (requires { topic.topic_id; }) answer.topic_id = topic.topic_id;
  for (const auto& partition : topic.partitions)
    answer.partitions.push_back({partition.partition_index, error});
  return answer;
}

template <class Response, class Request>
Verdict<Response> refuse_all_commits(const Request& request, std::int16_t error) {
  using Answer = typename decltype(Response::topics)::value_type;
  Verdict<Response> verdict;
  auto& refusal = verdict.refusal.emplace();
  for (const auto& topic : request.topics)
    refusal.topics.push_back(refuse_commit<Answer>(topic, error));
  return verdict;
}

template <class Response, class Request>
Verdict<Response> gate_of_commit(Request& request, const Permit& permit, std::int16_t first_by_id) {
  using Answer = typename decltype(Response::topics)::value_type;
  if (!permit.may(kRead, kGroup, request.group_id))
    return refuse_all_commits<Response>(request, permit.refusal(kGroup));
  std::vector<Answer> answers;
  for (const auto& topic : take_refused(request.topics, [&](const auto& wanted) {
         return may_topic(permit, kRead, wanted, first_by_id);
       }))
    answers.push_back(refuse_commit<Answer>(topic, kTopicRefused));
  return answered_besides(&Response::topics, std::move(answers));
}

/// Works for the forms of one group and of many.
template <class Answer, class Topic>
Answer refuse_offsets(const Topic& topic, std::int16_t error) {
  Answer answer;
  answer.name = topic.name;
  for (const std::int32_t index : topic.partition_indexes) {
    auto& partition = answer.partitions.emplace_back();
    partition.partition_index = index;
    partition.committed_offset = kNoOffset.value();
    partition.error_code = error;
  }
  return answer;
}

Verdict<wire::OffsetFetchResponse> gate_of_one_group(wire::OffsetFetchRequest& request,
                                                     const Permit& permit) {
  using Response = wire::OffsetFetchResponse;
  using Answer = Response::OffsetFetchResponseTopic;
  if (!permit.may(kDescribe, kGroup, request.group_id)) {
    Verdict<Response> verdict;
    auto& refusal = verdict.refusal.emplace();
    refusal.error_code = permit.refusal(kGroup);
    if (permit.api_version() >= kFirstFetchWithError || !request.topics) return verdict;
    for (const auto& topic : *request.topics)
      refusal.topics.push_back(refuse_offsets<Answer>(topic, permit.refusal(kGroup)));
    return verdict;
  }
  if (!request.topics.has_value()) {
    return {.amend = [permit](Response& response) {
      std::erase_if(response.topics, [&](const Answer& topic) {
        return !permit.may(kDescribe, kTopic, topic.name);
      });
    }};
  }
  std::vector<Answer> answers;
  for (const auto& topic : take_refused(*request.topics, [&](const auto& wanted) {
         return permit.may(kDescribe, kTopic, wanted.name);
       }))
    answers.push_back(refuse_offsets<Answer>(topic, kTopicRefused));
  return answered_besides(&Response::topics, std::move(answers));
}

/// What to add to the answer for one group; the group's own error comes with no topics.
using GroupOffsets = wire::OffsetFetchResponse::OffsetFetchResponseGroup;

GroupOffsets take_refused_topics(wire::OffsetFetchRequest::OffsetFetchRequestGroup& group,
                                 const Permit& permit) {
  GroupOffsets refused;
  refused.group_id = group.group_id;
  if (!group.topics.has_value()) return refused;
  for (const auto& topic : take_refused(*group.topics, [&](const auto& wanted) {
         return may_topic(permit, kDescribe, wanted, kOffsetsByIdSince);
       })) {
    refused.topics.push_back(
        refuse_offsets<wire::OffsetFetchResponse::OffsetFetchResponseTopics>(topic, kTopicRefused));
    refused.topics.back().topic_id = topic.topic_id;
  }
  return refused;
}

void merge(wire::OffsetFetchResponse& response, const std::vector<GroupOffsets>& refused,
           const Permit& permit) {
  for (auto& group : response.groups) {
    // Nothing shows of topics that nobody named, when all were asked for.
    std::erase_if(group.topics, [&](const auto& topic) {
      return !topic.name.empty() && !permit.may(kDescribe, kTopic, topic.name);
    });
    for (const auto& each : refused) {
      if (each.group_id == group.group_id)
        group.topics.insert(group.topics.end(), each.topics.begin(), each.topics.end());
    }
  }
  for (const auto& each : refused) {
    if (each.error_code != 0) response.groups.push_back(each);
  }
}

}  // namespace

Verdict<wire::JoinGroupResponse> gate(wire::JoinGroupRequest& request, const Permit& permit) {
  if (permit.may(kRead, kGroup, request.group_id)) return {};
  return {.refusal = join_error(permit.api_version(), {},
                                static_cast<KafkaError>(permit.refusal(kGroup)))};
}

Verdict<wire::SyncGroupResponse> gate(wire::SyncGroupRequest& request, const Permit& permit) {
  return gate_of_member<wire::SyncGroupResponse>(request, permit);
}

Verdict<wire::ConsumerGroupHeartbeatResponse> gate(wire::ConsumerGroupHeartbeatRequest& request,
                                                   const Permit& permit) {
  using Response = wire::ConsumerGroupHeartbeatResponse;
  if (!permit.may(kRead, kGroup, request.group_id)) return refused_beat(permit.refusal(kGroup));
  for (const std::string& topic : request.subscribed_topic_names.value_or(Names{})) {
    if (!permit.may(kDescribe, kTopic, topic)) return refused_beat(kTopicRefused);
  }
  // A regular expression names topics that only the answer shows.
  return {.amend = [permit](Response& response) {
    if (!response.assignment) return;
    for (const auto& topic : response.assignment->topic_partitions) {
      const auto name = permit.topic_name(topic.topic_id);
      if (!name || permit.may(kDescribe, kTopic, *name)) continue;
      response = *refused_beat(kTopicRefused).refusal;
      return;
    }
  }};
}

Verdict<wire::ConsumerGroupDescribeResponse> gate(wire::ConsumerGroupDescribeRequest& request,
                                                  const Permit& permit) {
  using Answer = wire::ConsumerGroupDescribeResponse::DescribedGroup;
  std::vector<Answer> answers;
  for (auto& group : take_refused(request.group_ids, [&](const std::string& wanted) {
         return permit.may(kDescribe, kGroup, wanted);
       })) {
    auto& answer = answers.emplace_back();
    answer.group_id = std::move(group);
    answer.error_code = permit.refusal(kGroup);
  }
  return {.amend = [permit, answers](wire::ConsumerGroupDescribeResponse& response) {
    for (Answer& group : response.groups) {
      group.authorized_operations =
          permit.allowed_of(group.authorized_operations, kGroup, group.group_id);
      if (shows_only_allowed(group, permit)) continue;
      Answer refused;
      refused.group_id = group.group_id;
      refused.error_code = kTopicRefused;
      group = std::move(refused);
    }
    response.groups.insert(response.groups.end(), answers.begin(), answers.end());
  }};
}

Verdict<wire::HeartbeatResponse> gate(wire::HeartbeatRequest& request, const Permit& permit) {
  return gate_of_member<wire::HeartbeatResponse>(request, permit);
}

Verdict<wire::LeaveGroupResponse> gate(wire::LeaveGroupRequest& request, const Permit& permit) {
  return gate_of_member<wire::LeaveGroupResponse>(request, permit);
}

Verdict<wire::OffsetCommitResponse> gate(wire::OffsetCommitRequest& request, const Permit& permit) {
  return gate_of_commit<wire::OffsetCommitResponse>(request, permit, kFirstCommitById);
}

Verdict<wire::TxnOffsetCommitResponse> gate(wire::TxnOffsetCommitRequest& request,
                                            const Permit& permit) {
  using Response = wire::TxnOffsetCommitResponse;
  if (!permit.may(kWrite, kTransactionalId, request.transactional_id)) {
    return refuse_all_commits<Response>(request,
                                        code_of(KafkaError::kTransactionalIdAuthorizationFailed));
  }
  return gate_of_commit<Response>(request, permit, kFirstTransactionalCommitById);
}

Verdict<wire::OffsetFetchResponse> gate(wire::OffsetFetchRequest& request, const Permit& permit) {
  if (permit.api_version() < kFirstFetchOfManyGroups) return gate_of_one_group(request, permit);
  std::vector<GroupOffsets> refused;
  for (const auto& group : take_refused(request.groups, [&](const auto& wanted) {
         return permit.may(kDescribe, kGroup, wanted.group_id);
       })) {
    auto& answer = refused.emplace_back();
    answer.group_id = group.group_id;
    answer.error_code = permit.refusal(kGroup);
  }
  for (auto& group : request.groups) refused.push_back(take_refused_topics(group, permit));
  return {.amend = [permit, refused](wire::OffsetFetchResponse& response) {
    merge(response, refused, permit);
  }};
}

Verdict<wire::FindCoordinatorResponse> gate(wire::FindCoordinatorRequest& request,
                                            const Permit& permit) {
  using Response = wire::FindCoordinatorResponse;
  const auto may_find = [&](std::string_view key) {
    return may_find_coordinator(permit, request.key_type, key);
  };
  const auto refuse_in = [&](auto& answer) {
    answer.error_code = denied_coordinator(request.key_type);
    answer.node_id = -1;
    answer.port = -1;
  };
  if (permit.api_version() < kFirstFindOfManyKeys) {
    if (may_find(request.key)) return {};
    Verdict<Response> verdict;
    refuse_in(verdict.refusal.emplace());
    verdict.refusal->error_message = "not authorized";
    return verdict;
  }
  std::vector<Response::Coordinator> answers;
  for (auto& key : take_refused(request.coordinator_keys, may_find)) {
    auto& answer = answers.emplace_back();
    answer.key = std::move(key);
    refuse_in(answer);
  }
  return answered_besides(&Response::coordinators, std::move(answers));
}

Verdict<wire::DescribeGroupsResponse> gate(wire::DescribeGroupsRequest& request,
                                           const Permit& permit) {
  using Answer = wire::DescribeGroupsResponse::DescribedGroup;
  std::vector<Answer> answers;
  for (auto& group : take_refused(request.groups, [&](const std::string& wanted) {
         return permit.may(kDescribe, kGroup, wanted);
       })) {
    auto& answer = answers.emplace_back();
    answer.group_id = std::move(group);
    answer.error_code = permit.refusal(kGroup);
  }
  return {.amend = [permit, answers](wire::DescribeGroupsResponse& response) {
    for (Answer& group : response.groups)
      group.authorized_operations =
          permit.allowed_of(group.authorized_operations, kGroup, group.group_id);
    response.groups.insert(response.groups.end(), answers.begin(), answers.end());
  }};
}

/// Whoever may describe the cluster sees all groups, others those that they may describe.
Verdict<wire::ListGroupsResponse> gate(wire::ListGroupsRequest&, const Permit& permit) {
  if (permit.may(kDescribe)) return {};
  return {.amend = [permit](wire::ListGroupsResponse& response) {
    std::erase_if(response.groups, [&](const auto& group) {
      return !permit.may(kDescribe, kGroup, group.group_id);
    });
  }};
}

Verdict<wire::DeleteGroupsResponse> gate(wire::DeleteGroupsRequest& request, const Permit& permit) {
  std::vector<wire::DeleteGroupsResponse::DeletableGroupResult> answers;
  for (auto& group : take_refused(request.groups_names, [&](const std::string& wanted) {
         return permit.may(kDelete, kGroup, wanted);
       }))
    answers.push_back({std::move(group), permit.refusal(kGroup)});
  return answered_besides(&wire::DeleteGroupsResponse::results, std::move(answers));
}

Verdict<wire::OffsetDeleteResponse> gate(wire::OffsetDeleteRequest& request, const Permit& permit) {
  using Response = wire::OffsetDeleteResponse;
  using Answer = Response::OffsetDeleteResponseTopic;
  if (!permit.may(kDelete, kGroup, request.group_id)) {
    Verdict<Response> verdict;
    verdict.refusal.emplace().error_code = permit.refusal(kGroup);
    return verdict;
  }
  std::vector<Answer> answers;
  for (const auto& topic : take_refused(request.topics, [&](const auto& wanted) {
         return permit.may(kRead, kTopic, wanted.name);
       }))
    answers.push_back(refuse_commit<Answer>(topic, kTopicRefused));
  return {.amend = [answers = std::move(answers)](Response& response) {
    // What is wrong with the group is all that is said.
    if (response.error_code != 0) return;
    response.topics.insert(response.topics.end(), answers.begin(), answers.end());
  }};
}

}  // namespace millrace::broker
