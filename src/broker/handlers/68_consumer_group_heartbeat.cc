// ConsumerGroupHeartbeat, versions 0–1.
//   Joins, lives and leaves in a group whose coordinator deals the partitions (KIP-848).
// Version notes: v1 subscriptions by regular expression, member ids chosen by the client.

#include <utility>

#include "broker/groups/coordinator/group_caller.h"
#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "wire/messages/consumer_group_heartbeat.h"

namespace millrace::broker {

void handle_consumer_group_heartbeat(wire::ConsumerGroupHeartbeatRequest request,
                                     RequestContext context, BrokerState& state,
                                     Responder<wire::ConsumerGroupHeartbeatResponse> reply) {
  state.groups->consumer_heartbeat(group_caller(context), std::move(request), std::move(reply));
}

}  // namespace millrace::broker
