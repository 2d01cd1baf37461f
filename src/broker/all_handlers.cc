#include "broker/groups/group_handlers.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/throttling.h"
#include "broker/session/handler_table.h"
#include "broker/transactions/transaction_handlers.h"
#include "wire/messages/alter_client_quotas.h"
#include "wire/messages/alter_configs.h"
#include "wire/messages/alter_partition_reassignments.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/create_partitions.h"
#include "wire/messages/create_topics.h"
#include "wire/messages/delete_records.h"
#include "wire/messages/delete_topics.h"
#include "wire/messages/describe_client_quotas.h"
#include "wire/messages/describe_cluster.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/describe_log_dirs.h"
#include "wire/messages/describe_producers.h"
#include "wire/messages/describe_quorum.h"
#include "wire/messages/describe_topic_partitions.h"
#include "wire/messages/elect_leaders.h"
#include "wire/messages/fetch.h"
#include "wire/messages/incremental_alter_configs.h"
#include "wire/messages/list_config_resources.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/list_partition_reassignments.h"
#include "wire/messages/metadata.h"
#include "wire/messages/offset_for_leader_epoch.h"
#include "wire/messages/produce.h"
#include "wire/messages/update_features.h"
#include "wire/messages/write_txn_markers.h"

namespace millrace::broker {

/// Beside each handler stands what the gate before it may ask of the authorizer; what is refused is
/// answered by the gate (access/gates.h), and the handler hears nothing of it.
HandlerTable make_handler_table() {
  using enum Operation;
  using enum ResourceType;
  HandlerTable table;
  table.add(&handle_throttled_produce, {{kWrite, kTopic}, {kWrite, kTransactionalId}});
  table.add(&handle_throttled_fetch, {{kRead, kTopic}});
  table.add(&handle_list_offsets, {{kDescribe, kTopic}});
  table.add(&handle_metadata,
            {{kDescribe, kTopic}, {kCreate, kTopic}, {kCreate, kCluster}, {kDescribe, kCluster}});
  table.add(&handle_api_versions, {});
  table.add(&handle_create_topics,
            {{kCreate, kCluster}, {kCreate, kTopic}, {kDescribeConfigs, kTopic}});
  table.add(&handle_delete_topics, {{kDelete, kCluster}, {kDelete, kTopic}, {kDescribe, kTopic}});
  table.add(&handle_delete_records, {{kDelete, kTopic}});
  table.add(&handle_offset_for_leader_epoch, {{kDescribe, kTopic}});
  table.add(&handle_describe_configs,
            {{kDescribeConfigs, kTopic}, {kDescribeConfigs, kGroup}, {kDescribeConfigs, kCluster}});
  table.add(&handle_alter_configs,
            {{kAlterConfigs, kTopic}, {kAlterConfigs, kGroup}, {kAlterConfigs, kCluster}});
  table.add(&handle_incremental_alter_configs,
            {{kAlterConfigs, kTopic}, {kAlterConfigs, kGroup}, {kAlterConfigs, kCluster}});
  table.add(&handle_create_partitions, {{kAlter, kTopic}});
  table.add(&handle_describe_client_quotas, {{kDescribeConfigs, kCluster}});
  table.add(&handle_alter_client_quotas, {{kAlterConfigs, kCluster}});
  table.add(&handle_update_features, {{kAlter, kCluster}});
  table.add(&handle_list_config_resources, {{kDescribeConfigs, kCluster}});
  table.add(&handle_write_txn_markers, {{kAlter, kCluster}, {kClusterAction, kCluster}});
  table.add(&handle_describe_producers, {{kRead, kTopic}});
  table.add(&handle_describe_cluster, {{kDescribe, kCluster}});
  table.add(&handle_describe_log_dirs, {{kDescribe, kCluster}});
  table.add(&handle_elect_leaders, {{kAlter, kCluster}});
  table.add(&handle_alter_partition_reassignments, {{kAlter, kCluster}});
  table.add(&handle_list_partition_reassignments, {{kDescribe, kCluster}});
  table.add(&handle_describe_quorum, {{kDescribe, kCluster}});
  table.add(&handle_describe_topic_partitions, {{kDescribe, kTopic}});
  add_group_handlers(table);
  add_transaction_handlers(table);
  return table;
}

}  // namespace millrace::broker
