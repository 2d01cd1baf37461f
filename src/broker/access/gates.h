// The gates: one before each handler. A gate asks whether the caller may have what he wants, takes
// out of the request what he may not, and says how that is answered. What it asks for stands in the
// table of handlers; each error is the one that Kafka gives.
#pragma once

#include "broker/access/permit.h"
#include "broker/access/verdict.h"
#include "broker/groups/coordinator/group_messages.h"
#include "broker/handlers/messages.h"
#include "broker/transactions/transaction_messages.h"

namespace millrace::broker {

Verdict<wire::ProduceResponse> gate(wire::ProduceRequest& request, const Permit& permit);
Verdict<wire::FetchResponse> gate(wire::FetchRequest& request, const Permit& permit);
Verdict<wire::ListOffsetsResponse> gate(wire::ListOffsetsRequest& request, const Permit& permit);
Verdict<wire::MetadataResponse> gate(wire::MetadataRequest& request, const Permit& permit);
Verdict<wire::ApiVersionsResponse> gate(wire::ApiVersionsRequest& request, const Permit& permit);
Verdict<wire::CreateTopicsResponse> gate(wire::CreateTopicsRequest& request, const Permit& permit);
Verdict<wire::CreatePartitionsResponse> gate(wire::CreatePartitionsRequest& request,
                                             const Permit& permit);
Verdict<wire::DeleteTopicsResponse> gate(wire::DeleteTopicsRequest& request, const Permit& permit);
Verdict<wire::DeleteRecordsResponse> gate(wire::DeleteRecordsRequest& request,
                                          const Permit& permit);
Verdict<wire::OffsetForLeaderEpochResponse> gate(wire::OffsetForLeaderEpochRequest& request,
                                                 const Permit& permit);
Verdict<wire::DescribeConfigsResponse> gate(wire::DescribeConfigsRequest& request,
                                            const Permit& permit);
Verdict<wire::AlterConfigsResponse> gate(wire::AlterConfigsRequest& request, const Permit& permit);
Verdict<wire::IncrementalAlterConfigsResponse> gate(wire::IncrementalAlterConfigsRequest& request,
                                                    const Permit& permit);
Verdict<wire::DescribeClientQuotasResponse> gate(wire::DescribeClientQuotasRequest& request,
                                                 const Permit& permit);
Verdict<wire::AlterClientQuotasResponse> gate(wire::AlterClientQuotasRequest& request,
                                              const Permit& permit);
Verdict<wire::UpdateFeaturesResponse> gate(wire::UpdateFeaturesRequest& request,
                                           const Permit& permit);
Verdict<wire::ListConfigResourcesResponse> gate(wire::ListConfigResourcesRequest& request,
                                                const Permit& permit);
Verdict<wire::WriteTxnMarkersResponse> gate(wire::WriteTxnMarkersRequest& request,
                                            const Permit& permit);
Verdict<wire::DescribeProducersResponse> gate(wire::DescribeProducersRequest& request,
                                              const Permit& permit);
Verdict<wire::DescribeClusterResponse> gate(wire::DescribeClusterRequest& request,
                                            const Permit& permit);
Verdict<wire::DescribeLogDirsResponse> gate(wire::DescribeLogDirsRequest& request,
                                            const Permit& permit);
Verdict<wire::ElectLeadersResponse> gate(wire::ElectLeadersRequest& request, const Permit& permit);
Verdict<wire::AlterPartitionReassignmentsResponse> gate(
    wire::AlterPartitionReassignmentsRequest& request, const Permit& permit);
Verdict<wire::ListPartitionReassignmentsResponse> gate(
    wire::ListPartitionReassignmentsRequest& request, const Permit& permit);
Verdict<wire::DescribeQuorumResponse> gate(wire::DescribeQuorumRequest& request,
                                           const Permit& permit);
Verdict<wire::DescribeTopicPartitionsResponse> gate(wire::DescribeTopicPartitionsRequest& request,
                                                    const Permit& permit);

Verdict<wire::OffsetCommitResponse> gate(wire::OffsetCommitRequest& request, const Permit& permit);
Verdict<wire::TxnOffsetCommitResponse> gate(wire::TxnOffsetCommitRequest& request,
                                            const Permit& permit);
Verdict<wire::OffsetFetchResponse> gate(wire::OffsetFetchRequest& request, const Permit& permit);
Verdict<wire::FindCoordinatorResponse> gate(wire::FindCoordinatorRequest& request,
                                            const Permit& permit);
Verdict<wire::JoinGroupResponse> gate(wire::JoinGroupRequest& request, const Permit& permit);
Verdict<wire::ConsumerGroupHeartbeatResponse> gate(wire::ConsumerGroupHeartbeatRequest& request,
                                                   const Permit& permit);
Verdict<wire::ConsumerGroupDescribeResponse> gate(wire::ConsumerGroupDescribeRequest& request,
                                                  const Permit& permit);
Verdict<wire::HeartbeatResponse> gate(wire::HeartbeatRequest& request, const Permit& permit);
Verdict<wire::LeaveGroupResponse> gate(wire::LeaveGroupRequest& request, const Permit& permit);
Verdict<wire::SyncGroupResponse> gate(wire::SyncGroupRequest& request, const Permit& permit);
Verdict<wire::DescribeGroupsResponse> gate(wire::DescribeGroupsRequest& request,
                                           const Permit& permit);
Verdict<wire::ListGroupsResponse> gate(wire::ListGroupsRequest& request, const Permit& permit);
Verdict<wire::DeleteGroupsResponse> gate(wire::DeleteGroupsRequest& request, const Permit& permit);
Verdict<wire::OffsetDeleteResponse> gate(wire::OffsetDeleteRequest& request, const Permit& permit);

Verdict<wire::InitProducerIdResponse> gate(wire::InitProducerIdRequest& request,
                                           const Permit& permit);
Verdict<wire::AddPartitionsToTxnResponse> gate(wire::AddPartitionsToTxnRequest& request,
                                               const Permit& permit);
Verdict<wire::AddOffsetsToTxnResponse> gate(wire::AddOffsetsToTxnRequest& request,
                                            const Permit& permit);
Verdict<wire::EndTxnResponse> gate(wire::EndTxnRequest& request, const Permit& permit);
Verdict<wire::DescribeTransactionsResponse> gate(wire::DescribeTransactionsRequest& request,
                                                 const Permit& permit);
Verdict<wire::ListTransactionsResponse> gate(wire::ListTransactionsRequest& request,
                                             const Permit& permit);

}  // namespace millrace::broker
