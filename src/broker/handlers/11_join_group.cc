// JoinGroup, versions 0–9.
//   Enters a group, or comes back to it; answered when all members have joined.
//   Who leaves without a word while he waits stays a member until his silence has lasted too long;
//   only his reply is dropped.
//   A first request without a member id gets MEMBER_ID_REQUIRED and the id (v4 on).
// Version notes: v1 rebalance time-out, v5 static members, v7 protocol type, v8 reason, v9 skip
// assignment.

#include <utility>

#include "broker/groups/coordinator/group_caller.h"
#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "wire/messages/join_group.h"

namespace millrace::broker {

void handle_join_group(wire::JoinGroupRequest request, RequestContext context, BrokerState& state,
                       Responder<wire::JoinGroupResponse> reply) {
  context.when_abandoned(
      state.groups->join(group_caller(context), std::move(request), std::move(reply)));
}

}  // namespace millrace::broker
