// SyncGroup, versions 0–5.
//   The leader hands in the assignment; everybody is answered with his part once it is stored.
// Version notes: v3 static members, v5 protocol type and name must be those of the group.

#include <utility>

#include "broker/groups/coordinator/group_caller.h"
#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "wire/messages/sync_group.h"

namespace millrace::broker {

void handle_sync_group(wire::SyncGroupRequest request, RequestContext context, BrokerState& state,
                       Responder<wire::SyncGroupResponse> reply) {
  context.when_abandoned(
      state.groups->sync(group_caller(context), std::move(request), std::move(reply)));
}

}  // namespace millrace::broker
