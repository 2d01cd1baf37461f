// Every message type in one place, for tests and fuzzing. It pulls in all headers: product code
// includes those it needs.
#pragma once

#include <type_traits>

#include "wire/consumer_group_records.h"
#include "wire/consumer_protocol.h"
#include "wire/group_records.h"
#include "wire/messages/add_offsets_to_txn.h"
#include "wire/messages/add_partitions_to_txn.h"
#include "wire/messages/alter_client_quotas.h"
#include "wire/messages/alter_configs.h"
#include "wire/messages/alter_partition_reassignments.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/consumer_group_describe.h"
#include "wire/messages/consumer_group_heartbeat.h"
#include "wire/messages/create_partitions.h"
#include "wire/messages/create_topics.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/delete_records.h"
#include "wire/messages/delete_topics.h"
#include "wire/messages/describe_client_quotas.h"
#include "wire/messages/describe_cluster.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/describe_log_dirs.h"
#include "wire/messages/describe_producers.h"
#include "wire/messages/describe_quorum.h"
#include "wire/messages/describe_topic_partitions.h"
#include "wire/messages/describe_transactions.h"
#include "wire/messages/elect_leaders.h"
#include "wire/messages/end_txn.h"
#include "wire/messages/fetch.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/incremental_alter_configs.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/join_group.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/list_config_resources.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/list_partition_reassignments.h"
#include "wire/messages/list_transactions.h"
#include "wire/messages/metadata.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_delete.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/offset_for_leader_epoch.h"
#include "wire/messages/produce.h"
#include "wire/messages/sync_group.h"
#include "wire/messages/txn_offset_commit.h"
#include "wire/messages/update_features.h"
#include "wire/messages/write_txn_markers.h"
#include "wire/metadata_records.h"
#include "wire/transaction_records.h"

namespace millrace::wire {

/// Calls visit(std::type_identity<M>{}) for each request and each response, by API key.
template <class Visitor>
void for_each_request(Visitor&& visit) {
  visit(std::type_identity<ProduceRequest>{});
  visit(std::type_identity<FetchRequest>{});
  visit(std::type_identity<ListOffsetsRequest>{});
  visit(std::type_identity<MetadataRequest>{});
  visit(std::type_identity<OffsetCommitRequest>{});
  visit(std::type_identity<OffsetFetchRequest>{});
  visit(std::type_identity<FindCoordinatorRequest>{});
  visit(std::type_identity<JoinGroupRequest>{});
  visit(std::type_identity<HeartbeatRequest>{});
  visit(std::type_identity<LeaveGroupRequest>{});
  visit(std::type_identity<SyncGroupRequest>{});
  visit(std::type_identity<DescribeGroupsRequest>{});
  visit(std::type_identity<ListGroupsRequest>{});
  visit(std::type_identity<ApiVersionsRequest>{});
  visit(std::type_identity<CreateTopicsRequest>{});
  visit(std::type_identity<DeleteTopicsRequest>{});
  visit(std::type_identity<DeleteRecordsRequest>{});
  visit(std::type_identity<InitProducerIdRequest>{});
  visit(std::type_identity<OffsetForLeaderEpochRequest>{});
  visit(std::type_identity<AddPartitionsToTxnRequest>{});
  visit(std::type_identity<AddOffsetsToTxnRequest>{});
  visit(std::type_identity<EndTxnRequest>{});
  visit(std::type_identity<WriteTxnMarkersRequest>{});
  visit(std::type_identity<TxnOffsetCommitRequest>{});
  visit(std::type_identity<DescribeConfigsRequest>{});
  visit(std::type_identity<AlterConfigsRequest>{});
  visit(std::type_identity<DescribeLogDirsRequest>{});
  visit(std::type_identity<CreatePartitionsRequest>{});
  visit(std::type_identity<DeleteGroupsRequest>{});
  visit(std::type_identity<ElectLeadersRequest>{});
  visit(std::type_identity<IncrementalAlterConfigsRequest>{});
  visit(std::type_identity<AlterPartitionReassignmentsRequest>{});
  visit(std::type_identity<ListPartitionReassignmentsRequest>{});
  visit(std::type_identity<OffsetDeleteRequest>{});
  visit(std::type_identity<DescribeClientQuotasRequest>{});
  visit(std::type_identity<AlterClientQuotasRequest>{});
  visit(std::type_identity<DescribeQuorumRequest>{});
  visit(std::type_identity<UpdateFeaturesRequest>{});
  visit(std::type_identity<DescribeClusterRequest>{});
  visit(std::type_identity<DescribeProducersRequest>{});
  visit(std::type_identity<DescribeTransactionsRequest>{});
  visit(std::type_identity<ListTransactionsRequest>{});
  visit(std::type_identity<ConsumerGroupHeartbeatRequest>{});
  visit(std::type_identity<ConsumerGroupDescribeRequest>{});
  visit(std::type_identity<ListConfigResourcesRequest>{});
  visit(std::type_identity<DescribeTopicPartitionsRequest>{});
}

template <class Visitor>
void for_each_response(Visitor&& visit) {
  visit(std::type_identity<ProduceResponse>{});
  visit(std::type_identity<FetchResponse>{});
  visit(std::type_identity<ListOffsetsResponse>{});
  visit(std::type_identity<MetadataResponse>{});
  visit(std::type_identity<OffsetCommitResponse>{});
  visit(std::type_identity<OffsetFetchResponse>{});
  visit(std::type_identity<FindCoordinatorResponse>{});
  visit(std::type_identity<JoinGroupResponse>{});
  visit(std::type_identity<HeartbeatResponse>{});
  visit(std::type_identity<LeaveGroupResponse>{});
  visit(std::type_identity<SyncGroupResponse>{});
  visit(std::type_identity<DescribeGroupsResponse>{});
  visit(std::type_identity<ListGroupsResponse>{});
  visit(std::type_identity<ApiVersionsResponse>{});
  visit(std::type_identity<CreateTopicsResponse>{});
  visit(std::type_identity<DeleteTopicsResponse>{});
  visit(std::type_identity<DeleteRecordsResponse>{});
  visit(std::type_identity<InitProducerIdResponse>{});
  visit(std::type_identity<OffsetForLeaderEpochResponse>{});
  visit(std::type_identity<AddPartitionsToTxnResponse>{});
  visit(std::type_identity<AddOffsetsToTxnResponse>{});
  visit(std::type_identity<EndTxnResponse>{});
  visit(std::type_identity<WriteTxnMarkersResponse>{});
  visit(std::type_identity<TxnOffsetCommitResponse>{});
  visit(std::type_identity<DescribeConfigsResponse>{});
  visit(std::type_identity<AlterConfigsResponse>{});
  visit(std::type_identity<DescribeLogDirsResponse>{});
  visit(std::type_identity<CreatePartitionsResponse>{});
  visit(std::type_identity<DeleteGroupsResponse>{});
  visit(std::type_identity<ElectLeadersResponse>{});
  visit(std::type_identity<IncrementalAlterConfigsResponse>{});
  visit(std::type_identity<AlterPartitionReassignmentsResponse>{});
  visit(std::type_identity<ListPartitionReassignmentsResponse>{});
  visit(std::type_identity<OffsetDeleteResponse>{});
  visit(std::type_identity<DescribeClientQuotasResponse>{});
  visit(std::type_identity<AlterClientQuotasResponse>{});
  visit(std::type_identity<DescribeQuorumResponse>{});
  visit(std::type_identity<UpdateFeaturesResponse>{});
  visit(std::type_identity<DescribeClusterResponse>{});
  visit(std::type_identity<DescribeProducersResponse>{});
  visit(std::type_identity<DescribeTransactionsResponse>{});
  visit(std::type_identity<ListTransactionsResponse>{});
  visit(std::type_identity<ConsumerGroupHeartbeatResponse>{});
  visit(std::type_identity<ConsumerGroupDescribeResponse>{});
  visit(std::type_identity<ListConfigResourcesResponse>{});
  visit(std::type_identity<DescribeTopicPartitionsResponse>{});
}

/// The same for what lies in records and in the bytes that group members exchange.
template <class Visitor>
void for_each_record(Visitor&& visit) {
  visit(std::type_identity<ConsumerProtocolSubscription>{});
  visit(std::type_identity<ConsumerProtocolAssignment>{});
  visit(std::type_identity<OffsetCommitKey>{});
  visit(std::type_identity<OffsetCommitValue>{});
  visit(std::type_identity<GroupMetadataKey>{});
  visit(std::type_identity<GroupMetadataValue>{});
  visit(std::type_identity<ConsumerGroupMetadataKey>{});
  visit(std::type_identity<ConsumerGroupMetadataValue>{});
  visit(std::type_identity<ConsumerGroupPartitionMetadataKey>{});
  visit(std::type_identity<ConsumerGroupPartitionMetadataValue>{});
  visit(std::type_identity<ConsumerGroupMemberMetadataKey>{});
  visit(std::type_identity<ConsumerGroupMemberMetadataValue>{});
  visit(std::type_identity<ConsumerGroupTargetAssignmentMetadataKey>{});
  visit(std::type_identity<ConsumerGroupTargetAssignmentMetadataValue>{});
  visit(std::type_identity<ConsumerGroupTargetAssignmentMemberKey>{});
  visit(std::type_identity<ConsumerGroupTargetAssignmentMemberValue>{});
  visit(std::type_identity<ConsumerGroupCurrentMemberAssignmentKey>{});
  visit(std::type_identity<ConsumerGroupCurrentMemberAssignmentValue>{});
  visit(std::type_identity<ConsumerGroupRegularExpressionKey>{});
  visit(std::type_identity<ConsumerGroupRegularExpressionValue>{});
  visit(std::type_identity<TransactionLogKey>{});
  visit(std::type_identity<TransactionLogValue>{});
  visit(std::type_identity<ControlRecordKey>{});
  visit(std::type_identity<EndTxnMarker>{});
  visit(std::type_identity<TopicRecord>{});
  visit(std::type_identity<PartitionRecord>{});
  visit(std::type_identity<ConfigRecord>{});
  visit(std::type_identity<RemoveTopicRecord>{});
  visit(std::type_identity<FeatureLevelRecord>{});
  visit(std::type_identity<ClientQuotaRecord>{});
  visit(std::type_identity<ProducerIdsRecord>{});
}

template <class Visitor>
void for_each_message(Visitor&& visit) {
  for_each_request(visit);
  for_each_response(visit);
  for_each_record(visit);
}

}  // namespace millrace::wire
