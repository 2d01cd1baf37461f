// The handlers of consumer groups, one file each in broker/handlers.
#pragma once

namespace millrace::broker {

class HandlerTable;

/// OffsetCommit, OffsetFetch, FindCoordinator, JoinGroup, Heartbeat, LeaveGroup, SyncGroup,
/// DescribeGroups, ListGroups and DeleteGroups.
void add_group_handlers(HandlerTable& table);

}  // namespace millrace::broker
