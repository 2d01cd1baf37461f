// Members of a consumer group that speak the classic protocol, while a group moves from one
// protocol to the other: JoinGroup, SyncGroup, Heartbeat and LeaveGroup, in terms of epochs.
#pragma once

#include "broker/groups/consumer/consumer_group.h"
#include "broker/groups/coordinator/joining.h"
#include "broker/groups/coordinator/turn.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/sync_group.h"

namespace millrace::broker {

// The group has members.

void join_consumer_group(Turn& turn, ConsumerGroup& group, Joining joining);
void sync_consumer_group(Turn& turn, ConsumerGroup& group, RequestToken token,
                         const wire::SyncGroupRequest& request);
wire::KafkaError heartbeat_consumer_group(Turn& turn, ConsumerGroup& group,
                                          const wire::HeartbeatRequest& request);
/// Answers when all who left are out of the log.
/// response  without members yet
void leave_consumer_group(Turn& turn, ConsumerGroup& group, GroupReply reply,
                          const wire::LeaveGroupRequest& request, std::int16_t api_version);

}  // namespace millrace::broker
