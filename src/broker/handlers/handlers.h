// The handlers of the shell, one file each; those of the groups are in
// groups/group_handlers.h, those of transactions in transactions/transaction_handlers.h.
#pragma once

#include <cstdint>

#include "broker/handlers/messages.h"
#include "broker/session/handler_table.h"

namespace millrace::broker {

void handle_produce(wire::ProduceRequest request, RequestContext context, BrokerState& state,
                    Responder<wire::ProduceResponse> reply);
void handle_fetch(wire::FetchRequest request, RequestContext context, BrokerState& state,
                  Responder<wire::FetchResponse> reply);
wire::ListOffsetsResponse handle_list_offsets(wire::ListOffsetsRequest request,
                                              const RequestContext& context, BrokerState& state);
wire::MetadataResponse handle_metadata(wire::MetadataRequest request, const RequestContext& context,
                                       BrokerState& state);
wire::ApiVersionsResponse handle_api_versions(wire::ApiVersionsRequest request,
                                              const RequestContext& context, BrokerState& state);
wire::CreateTopicsResponse handle_create_topics(wire::CreateTopicsRequest request,
                                                const RequestContext& context, BrokerState& state);
wire::DeleteTopicsResponse handle_delete_topics(wire::DeleteTopicsRequest request,
                                                const RequestContext& context, BrokerState& state);
wire::DeleteRecordsResponse handle_delete_records(wire::DeleteRecordsRequest request,
                                                  const RequestContext& context,
                                                  BrokerState& state);
wire::OffsetForLeaderEpochResponse handle_offset_for_leader_epoch(
    wire::OffsetForLeaderEpochRequest request, const RequestContext& context, BrokerState& state);
wire::DescribeConfigsResponse handle_describe_configs(wire::DescribeConfigsRequest request,
                                                      const RequestContext& context,
                                                      BrokerState& state);
wire::AlterConfigsResponse handle_alter_configs(wire::AlterConfigsRequest request,
                                                const RequestContext& context, BrokerState& state);
void handle_incremental_alter_configs(wire::IncrementalAlterConfigsRequest request,
                                      RequestContext context, BrokerState& state,
                                      Responder<wire::IncrementalAlterConfigsResponse> reply);
wire::CreatePartitionsResponse handle_create_partitions(wire::CreatePartitionsRequest request,
                                                        const RequestContext& context,
                                                        BrokerState& state);
wire::DescribeClientQuotasResponse handle_describe_client_quotas(
    wire::DescribeClientQuotasRequest request, const RequestContext& context, BrokerState& state);
wire::AlterClientQuotasResponse handle_alter_client_quotas(wire::AlterClientQuotasRequest request,
                                                           const RequestContext& context,
                                                           BrokerState& state);
wire::UpdateFeaturesResponse handle_update_features(wire::UpdateFeaturesRequest request,
                                                    const RequestContext& context,
                                                    BrokerState& state);
wire::ListConfigResourcesResponse handle_list_config_resources(
    wire::ListConfigResourcesRequest request, const RequestContext& context, BrokerState& state);
void handle_write_txn_markers(wire::WriteTxnMarkersRequest request, RequestContext context,
                              BrokerState& state, Responder<wire::WriteTxnMarkersResponse> reply);
wire::DescribeProducersResponse handle_describe_producers(wire::DescribeProducersRequest request,
                                                          const RequestContext& context,
                                                          BrokerState& state);
wire::DescribeClusterResponse handle_describe_cluster(wire::DescribeClusterRequest request,
                                                      const RequestContext& context,
                                                      BrokerState& state);
wire::DescribeLogDirsResponse handle_describe_log_dirs(wire::DescribeLogDirsRequest request,
                                                       const RequestContext& context,
                                                       BrokerState& state);
wire::ElectLeadersResponse handle_elect_leaders(wire::ElectLeadersRequest request,
                                                const RequestContext& context, BrokerState& state);
wire::AlterPartitionReassignmentsResponse handle_alter_partition_reassignments(
    wire::AlterPartitionReassignmentsRequest request, const RequestContext& context,
    BrokerState& state);
wire::ListPartitionReassignmentsResponse handle_list_partition_reassignments(
    wire::ListPartitionReassignmentsRequest request, const RequestContext& context,
    BrokerState& state);
wire::DescribeQuorumResponse handle_describe_quorum(wire::DescribeQuorumRequest request,
                                                    const RequestContext& context,
                                                    BrokerState& state);
wire::DescribeTopicPartitionsResponse handle_describe_topic_partitions(
    wire::DescribeTopicPartitionsRequest request, const RequestContext& context,
    BrokerState& state);

/// What a client gets that asked for an ApiVersions version this broker does not know: version 0,
/// UNSUPPORTED_VERSION and the list, so that it can choose.   source  KIP-511
Delivery unsupported_api_versions(std::int32_t correlation_id, const HandlerTable& handlers);

}  // namespace millrace::broker
