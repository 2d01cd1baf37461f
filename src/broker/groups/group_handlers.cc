#include "broker/groups/group_handlers.h"

#include "broker/session/handler_table.h"
#include "wire/messages/consumer_group_describe.h"
#include "wire/messages/consumer_group_heartbeat.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/join_group.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_delete.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/sync_group.h"
#include "wire/messages/txn_offset_commit.h"

namespace millrace::broker {

void add_group_handlers(HandlerTable& table) {
  using enum Operation;
  using enum ResourceType;
  using enum HandlerTable::Coordinated;
  table.add(&handle_offset_commit, {{kRead, kGroup}, {kRead, kTopic}}, kGroups);
  table.add(&handle_offset_fetch, {{kDescribe, kGroup}, {kDescribe, kTopic}}, kGroups);
  table.add(&handle_txn_offset_commit,
            {{kWrite, kTransactionalId}, {kRead, kGroup}, {kRead, kTopic}}, kGroups);
  table.add(&handle_find_coordinator,
            {{kDescribe, kGroup}, {kDescribe, kTransactionalId}, {kClusterAction, kCluster}});
  table.add(&handle_join_group, {{kRead, kGroup}}, kGroups);
  table.add(&handle_consumer_group_heartbeat, {{kRead, kGroup}, {kDescribe, kTopic}}, kGroups);
  table.add(&handle_consumer_group_describe, {{kDescribe, kGroup}, {kDescribe, kTopic}}, kGroups);
  table.add(&handle_heartbeat, {{kRead, kGroup}}, kGroups);
  table.add(&handle_leave_group, {{kRead, kGroup}}, kGroups);
  table.add(&handle_sync_group, {{kRead, kGroup}}, kGroups);
  table.add(&handle_describe_groups, {{kDescribe, kGroup}}, kGroups);
  table.add(&handle_list_groups, {{kDescribe, kCluster}, {kDescribe, kGroup}}, kGroups);
  table.add(&handle_delete_groups, {{kDelete, kGroup}}, kGroups);
  table.add(&handle_offset_delete, {{kDelete, kGroup}, {kRead, kTopic}}, kGroups);
}

}  // namespace millrace::broker
