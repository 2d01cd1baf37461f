// DescribeGroups, versions 0–6.
//   State, protocol and members of groups.
// Version notes: v3 authorized operations, v4 instance ids, v6 GROUP_ID_NOT_FOUND instead of state
// Dead.

#include <utility>

#include "broker/groups/coordinator/group_caller.h"
#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "wire/messages/describe_groups.h"

namespace millrace::broker {

void handle_describe_groups(wire::DescribeGroupsRequest request, RequestContext context,
                            BrokerState& state, Responder<wire::DescribeGroupsResponse> reply) {
  state.groups->describe(group_caller(context), std::move(request), std::move(reply));
}

}  // namespace millrace::broker
