// ConsumerGroupDescribe: a consumer group as it is now.
#pragma once

#include "broker/groups/coordinator/turn.h"
#include "wire/messages/consumer_group_describe.h"

namespace millrace::broker {

void describe_consumer_groups(Turn& turn, RequestToken token,
                              const wire::ConsumerGroupDescribeRequest& request);

}  // namespace millrace::broker
