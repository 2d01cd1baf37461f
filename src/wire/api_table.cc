#include "wire/api_table.h"

#include <algorithm>
#include <array>

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

namespace millrace::wire {

namespace {

template <class Request, class Response>
constexpr ApiRow row(VersionRange advertised = Request::kVersions) {
  static_assert(Request::kApiKey == Response::kApiKey);
  static_assert(Request::kVersions == Response::kVersions);
  static_assert(Request::kFlexibleSince == Response::kFlexibleSince);
  constexpr std::string_view kSuffix = "Request";
  std::string_view name = Request::kName;
  name.remove_suffix(kSuffix.size());
  return {Request::kApiKey, name, advertised, Request::kVersions, Request::kFlexibleSince};
}

// Produce advertises versions that it refuses: librdkafka takes the compression codecs that it may
// use from the lowest one. InitProducerId v6 serves two-phase commit; Kafka 4.4 does not offer it
// either, as its description is not final (latestVersionUnstable). ApiVersions v5 and DeleteGroups
// v3 are described, and their handlers do not answer them yet.
constexpr std::array kTable{
    row<ProduceRequest, ProduceResponse>(VersionRange{0, 13}),
    row<FetchRequest, FetchResponse>(),
    row<ListOffsetsRequest, ListOffsetsResponse>(),
    row<MetadataRequest, MetadataResponse>(),
    row<OffsetCommitRequest, OffsetCommitResponse>(),
    row<OffsetFetchRequest, OffsetFetchResponse>(),
    row<FindCoordinatorRequest, FindCoordinatorResponse>(),
    row<JoinGroupRequest, JoinGroupResponse>(),
    row<HeartbeatRequest, HeartbeatResponse>(),
    row<LeaveGroupRequest, LeaveGroupResponse>(),
    row<SyncGroupRequest, SyncGroupResponse>(),
    row<DescribeGroupsRequest, DescribeGroupsResponse>(),
    row<ListGroupsRequest, ListGroupsResponse>(),
    row<ApiVersionsRequest, ApiVersionsResponse>(VersionRange{0, 4}),
    row<CreateTopicsRequest, CreateTopicsResponse>(),
    row<DeleteTopicsRequest, DeleteTopicsResponse>(),
    row<DeleteRecordsRequest, DeleteRecordsResponse>(),
    row<InitProducerIdRequest, InitProducerIdResponse>(VersionRange{0, 5}),
    row<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(),
    row<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>(),
    row<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>(),
    row<EndTxnRequest, EndTxnResponse>(),
    row<WriteTxnMarkersRequest, WriteTxnMarkersResponse>(),
    row<TxnOffsetCommitRequest, TxnOffsetCommitResponse>(),
    row<DescribeConfigsRequest, DescribeConfigsResponse>(),
    row<AlterConfigsRequest, AlterConfigsResponse>(),
    row<DescribeLogDirsRequest, DescribeLogDirsResponse>(),
    row<CreatePartitionsRequest, CreatePartitionsResponse>(),
    row<DeleteGroupsRequest, DeleteGroupsResponse>(VersionRange{0, 2}),
    row<ElectLeadersRequest, ElectLeadersResponse>(),
    row<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(),
    row<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(),
    row<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>(),
    row<OffsetDeleteRequest, OffsetDeleteResponse>(),
    row<DescribeClientQuotasRequest, DescribeClientQuotasResponse>(),
    row<AlterClientQuotasRequest, AlterClientQuotasResponse>(),
    row<DescribeQuorumRequest, DescribeQuorumResponse>(),
    row<UpdateFeaturesRequest, UpdateFeaturesResponse>(),
    row<DescribeClusterRequest, DescribeClusterResponse>(),
    row<DescribeProducersRequest, DescribeProducersResponse>(),
    row<DescribeTransactionsRequest, DescribeTransactionsResponse>(),
    row<ListTransactionsRequest, ListTransactionsResponse>(),
    row<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(),
    row<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse>(),
    row<ListConfigResourcesRequest, ListConfigResourcesResponse>(),
    row<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(),
};

static_assert(std::is_sorted(kTable.begin(), kTable.end(),
                             [](const ApiRow& a, const ApiRow& b) { return a.key < b.key; }));

}  // namespace

std::span<const ApiRow> api_table() {
  return kTable;
}

const ApiRow* find_api(ApiKey key) {
  const auto* const found =
      std::lower_bound(kTable.begin(), kTable.end(), key,
                       [](const ApiRow& api, ApiKey wanted) { return api.key < wanted; });
  return found != kTable.end() && found->key == key ? found : nullptr;
}

}  // namespace millrace::wire
