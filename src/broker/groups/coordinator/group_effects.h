// What the group coordinator wants done after an input: answers to give, records to append.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/groups/coordinator/group_types.h"
#include "model/ids.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/join_group.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/sync_group.h"

namespace millrace::broker {

using GroupResponse =
    std::variant<wire::JoinGroupResponse, wire::SyncGroupResponse, wire::HeartbeatResponse,
                 wire::LeaveGroupResponse, wire::OffsetCommitResponse, wire::OffsetFetchResponse,
                 wire::DescribeGroupsResponse, wire::ListGroupsResponse,
                 wire::DeleteGroupsResponse>;

/// The one answer to the request of that token.
struct GroupReply {
  RequestToken token;
  GroupResponse response;
};

/// A record for `__consumer_offsets`; without a value it is a tombstone.
struct GroupRecord {
  std::string key;
  std::optional<std::string> value;
};

/// The transaction that records belong to, as their batch will say.
struct TransactionalProducer {
  ProducerId id;
  ProducerEpoch epoch;

  bool operator==(const TransactionalProducer&) const = default;
};

/// Records of one group, to be appended as one batch to the group's partition. The shell answers
/// with GroupCoordinator::appended, once, in the order in which the appends of a group came out.
struct GroupAppend {
  AppendId id;
  std::string group_id;
  Timestamp timestamp;
  std::vector<GroupRecord> records;
  /// Nothing when the coordinator itself writes.
  std::optional<TransactionalProducer> producer = {};
};

struct GroupEffects {
  std::vector<GroupReply> replies;
  std::vector<GroupAppend> appends;
};

}  // namespace millrace::broker
