#include "broker/groups/group_handlers.h"
#include "broker/handlers/handlers.h"
#include "broker/session/handler_table.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/create_topics.h"
#include "wire/messages/delete_topics.h"
#include "wire/messages/describe_cluster.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/fetch.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/metadata.h"
#include "wire/messages/offset_for_leader_epoch.h"
#include "wire/messages/produce.h"

namespace millrace::broker {

HandlerTable make_handler_table() {
  HandlerTable table;
  table.add(&handle_produce);
  table.add(&handle_fetch);
  table.add(&handle_list_offsets);
  table.add(&handle_metadata);
  table.add(&handle_api_versions);
  table.add(&handle_create_topics);
  table.add(&handle_delete_topics);
  table.add(&handle_init_producer_id);
  table.add(&handle_offset_for_leader_epoch);
  table.add(&handle_describe_configs);
  table.add(&handle_describe_cluster);
  add_group_handlers(table);
  return table;
}

}  // namespace millrace::broker
