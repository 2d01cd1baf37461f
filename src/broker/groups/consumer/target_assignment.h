// Who of a consumer group is to have which partition.
#pragma once

#include "broker/groups/consumer/consumer_group.h"
#include "broker/groups/consumer/group_topics.h"

namespace millrace::broker {

/// Deals the group's topics anew, for the epoch that the group is in.
/// assignor  one of those that find_coordinator_assignor() knows
/// cost      as the assignor's: partitions and members
void deal_target(ConsumerGroup& group, const GroupTopics& topics, const std::string& assignor);

}  // namespace millrace::broker
