// The handlers of consumer groups, one file each in broker/handlers.
#pragma once

#include "broker/broker_state.h"
#include "broker/groups/coordinator/group_messages.h"
#include "broker/session/request_context.h"
#include "broker/session/responder.h"

namespace millrace::broker {

class HandlerTable;

/// Adds all of the below.
void add_group_handlers(HandlerTable& table);

void handle_offset_commit(wire::OffsetCommitRequest request, RequestContext context,
                          BrokerState& state, Responder<wire::OffsetCommitResponse> reply);
void handle_offset_fetch(wire::OffsetFetchRequest request, RequestContext context,
                         BrokerState& state, Responder<wire::OffsetFetchResponse> reply);
void handle_txn_offset_commit(wire::TxnOffsetCommitRequest request, RequestContext context,
                              BrokerState& state, Responder<wire::TxnOffsetCommitResponse> reply);
wire::FindCoordinatorResponse handle_find_coordinator(wire::FindCoordinatorRequest request,
                                                      const RequestContext& context,
                                                      BrokerState& state);
void handle_join_group(wire::JoinGroupRequest request, RequestContext context, BrokerState& state,
                       Responder<wire::JoinGroupResponse> reply);
void handle_consumer_group_heartbeat(wire::ConsumerGroupHeartbeatRequest request,
                                     RequestContext context, BrokerState& state,
                                     Responder<wire::ConsumerGroupHeartbeatResponse> reply);
void handle_consumer_group_describe(wire::ConsumerGroupDescribeRequest request,
                                    RequestContext context, BrokerState& state,
                                    Responder<wire::ConsumerGroupDescribeResponse> reply);
void handle_heartbeat(wire::HeartbeatRequest request, RequestContext context, BrokerState& state,
                      Responder<wire::HeartbeatResponse> reply);
void handle_leave_group(wire::LeaveGroupRequest request, RequestContext context, BrokerState& state,
                        Responder<wire::LeaveGroupResponse> reply);
void handle_sync_group(wire::SyncGroupRequest request, RequestContext context, BrokerState& state,
                       Responder<wire::SyncGroupResponse> reply);
void handle_describe_groups(wire::DescribeGroupsRequest request, RequestContext context,
                            BrokerState& state, Responder<wire::DescribeGroupsResponse> reply);
void handle_list_groups(wire::ListGroupsRequest request, RequestContext context, BrokerState& state,
                        Responder<wire::ListGroupsResponse> reply);
void handle_delete_groups(wire::DeleteGroupsRequest request, RequestContext context,
                          BrokerState& state, Responder<wire::DeleteGroupsResponse> reply);
void handle_offset_delete(wire::OffsetDeleteRequest request, RequestContext context,
                          BrokerState& state, Responder<wire::OffsetDeleteResponse> reply);

}  // namespace millrace::broker
