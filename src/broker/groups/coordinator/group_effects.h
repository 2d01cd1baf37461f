// What the group coordinator wants done after an input: answers to give, records to append.
#pragma once

#include <variant>
#include <vector>

#include "broker/coordination/log_append.h"
#include "broker/groups/coordinator/group_types.h"
#include "wire/error_codes.h"
#include "wire/messages/consumer_group_describe.h"
#include "wire/messages/consumer_group_heartbeat.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/describe_groups.h"
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

/// The answer to who wanted a marker written.
struct MarkerWritten {
  wire::KafkaError error = wire::KafkaError::kNone;
};

using GroupResponse =
    std::variant<wire::JoinGroupResponse, wire::SyncGroupResponse, wire::HeartbeatResponse,
                 wire::LeaveGroupResponse, wire::OffsetCommitResponse, wire::OffsetFetchResponse,
                 wire::DescribeGroupsResponse, wire::ListGroupsResponse, wire::DeleteGroupsResponse,
                 wire::TxnOffsetCommitResponse, wire::OffsetDeleteResponse,
                 wire::ConsumerGroupHeartbeatResponse, wire::ConsumerGroupDescribeResponse,
                 MarkerWritten>;

/// The one answer to the request of that token.
struct GroupReply {
  RequestToken token;
  GroupResponse response;
};

struct GroupEffects {
  std::vector<GroupReply> replies;
  std::vector<LogAppend> appends;
};

}  // namespace millrace::broker
