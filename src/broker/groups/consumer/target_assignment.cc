#include "broker/groups/consumer/target_assignment.h"

#include <utility>
#include <vector>

#include "assignors/assignors.h"
#include "base/check.h"
#include "broker/groups/consumer/subscriptions.h"

namespace millrace::broker {

namespace {

assignors::MemberSubscription subscription_of(const ConsumerMember& member,
                                              const ConsumerGroup& group,
                                              const GroupTopics& topics) {
  const std::set<std::string> wanted = wanted_topics(member, group, topics);
  assignors::MemberSubscription subscription{
      .member_id = member.id,
      .group_instance_id = member.instance_id,
      .topics = {wanted.begin(), wanted.end()},
      .rack = member.rack_id,
  };
  // What it was to have, not what it has: so that moves under way are not turned back.
  for (const TopicIdPartition& partition : group.target(member.id)) {
    if (const std::string* const name = topics.name_of(partition.topic_id)) {
      subscription.owned.push_back({*name, PartitionId{partition.partition}});
    }
  }
  return subscription;
}

}  // namespace

void deal_target(ConsumerGroup& group, const GroupTopics& topics, const std::string& assignor) {
  const auto found = assignors::find_coordinator_assignor(assignor);
  CHECK(found.ok(), "there is no assignor {}", assignor);

  assignors::PartitionCounts counts;
  std::vector<assignors::MemberSubscription> members;
  for (const auto& [id, member] : group.members()) {
    members.push_back(subscription_of(member, group, topics));
    for (const std::string& name : members.back().topics) {
      counts.emplace(name, topics.find(name)->partition_count);
    }
  }
  auto dealt = (*found)->assign(counts, members);
  for (auto& [member_id, assignment] : dealt) {
    Partitions target;
    for (const TopicPartition& partition : assignment.partitions) {
      target.insert({topics.find(partition.topic)->id, partition.partition.value()});
    }
    group.set_target(member_id, std::move(target));
  }
  group.finish_target();
}

}  // namespace millrace::broker
