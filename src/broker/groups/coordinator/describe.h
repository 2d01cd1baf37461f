// DescribeGroups and ListGroups: looking without touching.
#pragma once

#include <cstdint>

#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

/// One bit for each operation on a group: without an authorizer everything is allowed.
inline constexpr std::int32_t kAllGroupOperations = (1 << 3)      // Read
                                                    | (1 << 6)    // Delete
                                                    | (1 << 8)    // Describe
                                                    | (1 << 10)   // DescribeConfigs
                                                    | (1 << 11);  // AlterConfigs

void describe_groups(Turn& turn, RequestToken token, const GroupCaller& caller,
                     const wire::DescribeGroupsRequest& request);
void list_groups(Turn& turn, RequestToken token, const GroupCaller& caller,
                 const wire::ListGroupsRequest& request);

}  // namespace millrace::broker
