// The gates of the APIs about where partitions are: elections, reassignments, directories, quorum.
#include <utility>

#include "broker/access/gates.h"
#include "model/ids.h"
#include "wire/error_codes.h"
#include "wire/messages/alter_partition_reassignments.h"
#include "wire/messages/describe_log_dirs.h"
#include "wire/messages/describe_quorum.h"
#include "wire/messages/describe_topic_partitions.h"
#include "wire/messages/elect_leaders.h"
#include "wire/messages/list_partition_reassignments.h"

namespace millrace::broker {

namespace {

using enum Operation;
using enum ResourceType;

template <class Response>
Verdict<Response> of_cluster(Operation operation, const Permit& permit) {
  if (permit.may(operation)) return {};
  Verdict<Response> verdict;
  verdict.refusal.emplace().error_code = permit.refusal(kCluster);
  return verdict;
}

}  // namespace

Verdict<wire::DescribeLogDirsResponse> gate(wire::DescribeLogDirsRequest&, const Permit& permit) {
  return of_cluster<wire::DescribeLogDirsResponse>(kDescribe, permit);
}

/// Every partition that was named is told the same: older versions have no error of the whole.
Verdict<wire::ElectLeadersResponse> gate(wire::ElectLeadersRequest& request, const Permit& permit) {
  auto verdict = of_cluster<wire::ElectLeadersResponse>(kAlter, permit);
  if (!verdict.refusal || !request.topic_partitions) return verdict;
  for (const auto& topic : *request.topic_partitions) {
    auto& answers = verdict.refusal->replica_election_results.emplace_back();
    answers.topic = topic.topic;
    for (const std::int32_t index : topic.partitions)
      answers.partition_result.push_back({index, permit.refusal(kCluster), std::nullopt});
  }
  return verdict;
}

Verdict<wire::AlterPartitionReassignmentsResponse> gate(wire::AlterPartitionReassignmentsRequest&,
                                                        const Permit& permit) {
  return of_cluster<wire::AlterPartitionReassignmentsResponse>(kAlter, permit);
}

Verdict<wire::ListPartitionReassignmentsResponse> gate(wire::ListPartitionReassignmentsRequest&,
                                                       const Permit& permit) {
  return of_cluster<wire::ListPartitionReassignmentsResponse>(kDescribe, permit);
}

Verdict<wire::DescribeQuorumResponse> gate(wire::DescribeQuorumRequest&, const Permit& permit) {
  return of_cluster<wire::DescribeQuorumResponse>(kDescribe, permit);
}

/// Topics that nobody named and the caller may not describe are left out, others are refused.
Verdict<wire::DescribeTopicPartitionsResponse> gate(wire::DescribeTopicPartitionsRequest& request,
                                                    const Permit& permit) {
  using Response = wire::DescribeTopicPartitionsResponse;
  const auto may = [permit](const std::string& topic) {
    return permit.may(kDescribe, kTopic, topic);
  };
  std::vector<Response::DescribeTopicPartitionsResponseTopic> refused;
  const bool wants_all = request.topics.empty();
  for (auto& topic :
       take_refused(request.topics, [&](const auto& wanted) { return may(wanted.name); })) {
    auto& answer = refused.emplace_back();
    answer.error_code = permit.refusal(kTopic);
    answer.name = std::move(topic.name);
  }
  if (!wants_all && request.topics.empty()) {
    // Without a name, the handler would answer for all.
    Verdict<Response> verdict;
    verdict.refusal.emplace().topics = std::move(refused);
    return verdict;
  }
  return {.amend = [permit, may, refused = std::move(refused)](Response& response) {
    std::erase_if(response.topics, [&](const auto& topic) { return !may(*topic.name); });
    for (auto& topic : response.topics)
      topic.topic_authorized_operations =
          permit.allowed_of(topic.topic_authorized_operations, kTopic, *topic.name);
    response.topics.insert(response.topics.end(), refused.begin(), refused.end());
  }};
}

}  // namespace millrace::broker
