// The messages of consumer groups, by name only: headers that pass them on need no more.
#pragma once

namespace millrace::wire {
struct ConsumerGroupDescribeRequest;
struct ConsumerGroupDescribeResponse;
struct ConsumerGroupHeartbeatRequest;
struct ConsumerGroupHeartbeatResponse;
struct DeleteGroupsRequest;
struct DeleteGroupsResponse;
struct DescribeGroupsRequest;
struct DescribeGroupsResponse;
struct FindCoordinatorRequest;
struct FindCoordinatorResponse;
struct HeartbeatRequest;
struct HeartbeatResponse;
struct JoinGroupRequest;
struct JoinGroupResponse;
struct LeaveGroupRequest;
struct LeaveGroupResponse;
struct ListGroupsRequest;
struct ListGroupsResponse;
struct OffsetCommitRequest;
struct OffsetCommitResponse;
struct OffsetDeleteRequest;
struct OffsetDeleteResponse;
struct OffsetFetchRequest;
struct OffsetFetchResponse;
struct SyncGroupRequest;
struct SyncGroupResponse;
struct TxnOffsetCommitRequest;
struct TxnOffsetCommitResponse;
}  // namespace millrace::wire
