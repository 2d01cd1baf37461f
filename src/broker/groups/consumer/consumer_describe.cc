// ConsumerGroupDescribe, versions 0–1.
//   Topics that were deleted since are left out of assignments.
//   A classic group is not found here.
// Version notes: v1 says by which protocol each member takes part.
// source  Kafka, ConsumerGroup; KIP-848, KIP-1099

#include "broker/groups/consumer/consumer_describe.h"

#include <fmt/format.h>

#include <utility>

#include "broker/groups/coordinator/describe.h"

namespace millrace::broker {

namespace {

using DescribeResponse = wire::ConsumerGroupDescribeResponse;

constexpr std::int8_t kClassicMember = 0;
constexpr std::int8_t kConsumerMember = 1;

template <class SortedPartitions>
DescribeResponse::Assignment named(const SortedPartitions& partitions, const GroupTopics& topics) {
  DescribeResponse::Assignment assignment;
  for (auto& topic : by_topic<DescribeResponse::TopicPartitions>(partitions)) {
    const std::string* const name = topics.name_of(topic.topic_id);
    if (name == nullptr) continue;
    topic.topic_name = *name;
    assignment.topic_partitions.push_back(std::move(topic));
  }
  return assignment;
}

DescribeResponse::Member described_member(const ConsumerMember& member, const ConsumerGroup& group,
                                          const GroupTopics& topics) {
  DescribeResponse::Member described;
  described.member_id = member.id;
  described.instance_id = member.instance_id;
  described.rack_id = member.rack_id;
  described.member_epoch = member.epoch;
  described.client_id = member.client_id;
  described.client_host = member.client_host;
  described.subscribed_topic_names = {member.topics.begin(), member.topics.end()};
  described.subscribed_topic_regex = member.regex;
  described.assignment = named(member.assigned, topics);
  described.target_assignment = named(group.target(member.id), topics);
  described.member_type = member.classic ? kClassicMember : kConsumerMember;
  return described;
}

DescribeResponse::DescribedGroup described_group(const ConsumerGroup& group,
                                                 const CoordinatorState& state) {
  DescribeResponse::DescribedGroup described;
  described.group_state = consumer_group_state_name(group.state());
  described.group_epoch = group.epoch();
  described.assignment_epoch = group.assignment_epoch();
  described.assignor_name = group.preferred_assignor(state.config.consumer_assignors.front());
  for (const auto& [id, member] : group.members()) {
    described.members.push_back(described_member(member, group, *state.topics));
  }
  return described;
}

DescribeResponse::DescribedGroup described_unknown(Turn& turn, const std::string& group_id) {
  DescribeResponse::DescribedGroup described;
  described.error_code = code_of(wire::KafkaError::kGroupIdNotFound);
  described.error_message = turn.find_group(group_id) == nullptr
                                ? fmt::format("Group {} not found.", group_id)
                                : fmt::format("Group {} is not a consumer group.", group_id);
  return described;
}

}  // namespace

void describe_consumer_groups(Turn& turn, RequestToken token,
                              const wire::ConsumerGroupDescribeRequest& request) {
  DescribeResponse response;
  for (const std::string& group_id : request.group_ids) {
    const ConsumerGroup* const group = turn.find_consumer_group(group_id);
    auto& described = response.groups.emplace_back(
        group != nullptr ? described_group(*group, turn.state) : described_unknown(turn, group_id));
    described.group_id = group_id;
    if (request.include_authorized_operations && described.error_code == 0) {
      described.authorized_operations = kAllGroupOperations;
    }
  }
  turn.answer(token, std::move(response));
}

}  // namespace millrace::broker
