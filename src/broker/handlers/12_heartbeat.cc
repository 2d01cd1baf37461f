// Heartbeat, versions 0–4.
//   Keeps a member's session alive, and tells it when it must rejoin (REBALANCE_IN_PROGRESS).
// Version notes: v3 static members.

#include <utility>

#include "broker/groups/coordinator/group_caller.h"
#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "wire/messages/heartbeat.h"

namespace millrace::broker {

void handle_heartbeat(wire::HeartbeatRequest request, RequestContext context, BrokerState& state,
                      Responder<wire::HeartbeatResponse> reply) {
  state.groups->heartbeat(group_caller(context), std::move(request), std::move(reply));
}

}  // namespace millrace::broker
