#include "broker/groups/group_handlers.h"

#include "broker/session/handler_table.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/join_group.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/sync_group.h"

namespace millrace::broker {

void add_group_handlers(HandlerTable& table) {
  table.add(&handle_offset_commit);
  table.add(&handle_offset_fetch);
  table.add(&handle_find_coordinator);
  table.add(&handle_join_group);
  table.add(&handle_heartbeat);
  table.add(&handle_leave_group);
  table.add(&handle_sync_group);
  table.add(&handle_describe_groups);
  table.add(&handle_list_groups);
  table.add(&handle_delete_groups);
}

}  // namespace millrace::broker
