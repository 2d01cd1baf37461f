// DeleteGroups, versions 0–2.
//   Removes groups without members, and their offsets; NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND.
// Version notes: v2 is flexible, nothing else changes.

#include <utility>

#include "broker/groups/coordinator/group_caller.h"
#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "wire/messages/delete_groups.h"

namespace millrace::broker {

void handle_delete_groups(wire::DeleteGroupsRequest request, RequestContext context,
                          BrokerState& state, Responder<wire::DeleteGroupsResponse> reply) {
  state.groups->delete_groups(group_caller(context), std::move(request), std::move(reply));
}

}  // namespace millrace::broker
