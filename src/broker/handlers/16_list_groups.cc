// ListGroups, versions 0–5.
//   All groups, filtered by state and type.
// Version notes: v4 states, v5 types.

#include <utility>

#include "broker/groups/coordinator/group_caller.h"
#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "wire/messages/list_groups.h"

namespace millrace::broker {

void handle_list_groups(wire::ListGroupsRequest request, RequestContext context, BrokerState& state,
                        Responder<wire::ListGroupsResponse> reply) {
  state.groups->list(group_caller(context), std::move(request), std::move(reply));
}

}  // namespace millrace::broker
