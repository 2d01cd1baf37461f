// What the coordinator does when an append is acknowledged: plain values, so that a test can look
// at them and nothing runs by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "broker/groups/consumer/consumer_group.h"
#include "broker/groups/coordinator/group_effects.h"
#include "broker/groups/coordinator/group_state.h"
#include "broker/groups/coordinator/group_types.h"
#include "broker/groups/offsets/offsets_store.h"
#include "broker/groups/offsets/open_transactions.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_delete.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/txn_offset_commit.h"
#include "wire/transaction_marker.h"

namespace millrace::broker {

/// Offsets of an OffsetCommit: they count from now on, and the client may know.
struct OffsetsCommitted {
  RequestToken token;
  wire::OffsetCommitResponse response;  // as it is when all went well
  std::vector<OffsetChange> changes;
};

/// Offsets of a TxnOffsetCommit: they are pending from now on, and the client may know.
struct TransactionalOffsetsCommitted {
  RequestToken token;
  wire::TxnOffsetCommitResponse response;  // as it is when all went well
  std::vector<OffsetChange> changes;
  TransactionPart part;
};

/// A marker: what is pending counts, or does not.
struct TransactionEnded {
  RequestToken token;
  TransactionPart part;
  wire::TransactionResult result = wire::TransactionResult::kAbort;
};

/// The leader's assignment: the members get their parts, and the group is stable.
struct AssignmentStored {
  std::int32_t generation = 0;
  std::map<std::string, std::string> by_member;
};

/// A static member came back under a new id, and its place in a stable group was kept for it.
struct StaticMemberReplaced {
  ParkedRequest request;
  std::int32_t generation = 0;
  std::string new_member_id;
  std::string leader_before;
  Member before;  // as it was, for when the log refuses
};

/// A group, its offsets, or some of them are forgotten.
struct Removed {
  std::vector<OffsetChange> changes;
  std::unique_ptr<Group> group;                             // null when the group stays
  std::unique_ptr<ConsumerGroup> consumer_group = nullptr;  // the same for those of KIP-848
  RequestToken token = kNoRequest;  // a DeleteGroups or OffsetDelete request that waits
  std::size_t result_index = 0;     // of the group in the response to DeleteGroups
};

/// A generation without members: nobody waits for it.
struct EmptyGroupStored {};

/// What has changed in a consumer group, and who waits for it, or for what was on its way before.
struct ConsumerGroupStored {
  std::vector<GroupReply> replies;
  UnwrittenOfGroup written;
  std::uint64_t failed_before = 0;  // appends of the group
};

using AppendOutcome = std::variant<OffsetsCommitted, TransactionalOffsetsCommitted,
                                   TransactionEnded, AssignmentStored, StaticMemberReplaced,
                                   Removed, EmptyGroupStored, ConsumerGroupStored>;

struct PendingAppend {
  std::string group_id;  // empty for a marker, which may be about many
  AppendOutcome outcome;
};

/// An OffsetFetch request that wants no offset of which a newer one is on its way to the log.
struct WaitingFetch {
  ParkedRequest request;
  wire::OffsetFetchRequest asked;
  /// The commits that were on their way when it came; later ones it need not see.
  std::set<AppendId> awaited;
};

/// A request to delete groups or offsets, of which some are not yet out of the log.
struct PendingDeletion {
  std::variant<wire::DeleteGroupsResponse, wire::OffsetDeleteResponse> response;
  std::size_t outstanding = 0;
};

}  // namespace millrace::broker
