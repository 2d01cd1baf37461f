// DescribeGroups and ListGroups: looking without touching.
#pragma once

#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

void describe_groups(Turn& turn, RequestToken token, const GroupCaller& caller,
                     const wire::DescribeGroupsRequest& request);
void list_groups(Turn& turn, RequestToken token, const GroupCaller& caller,
                 const wire::ListGroupsRequest& request);

}  // namespace millrace::broker
