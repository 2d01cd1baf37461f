// ConsumerGroupHeartbeat: how a member joins, lives, gives up and gets partitions, and leaves.
#pragma once

#include "broker/groups/coordinator/turn.h"
#include "wire/messages/consumer_group_heartbeat.h"

namespace millrace::broker {

void consumer_heartbeat(Turn& turn, RequestToken token, const GroupCaller& caller,
                        wire::ConsumerGroupHeartbeatRequest request);

}  // namespace millrace::broker
