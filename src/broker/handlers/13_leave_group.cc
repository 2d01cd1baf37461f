// LeaveGroup, versions 0–5.
//   Members go, and the group rebalances once.
// Version notes: v3 several members at once, static ones by name; v5 reason.

#include <utility>

#include "broker/groups/coordinator/group_caller.h"
#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "wire/messages/leave_group.h"

namespace millrace::broker {

void handle_leave_group(wire::LeaveGroupRequest request, RequestContext context, BrokerState& state,
                        Responder<wire::LeaveGroupResponse> reply) {
  state.groups->leave(group_caller(context), std::move(request), std::move(reply));
}

}  // namespace millrace::broker
