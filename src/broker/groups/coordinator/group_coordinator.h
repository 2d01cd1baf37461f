// GroupCoordinator: consumer groups as one state machine without a clock, a socket or a file.
// Inputs are requests, acknowledged appends and the passing of time; what it wants done comes back
// as GroupEffects. The rules lie in the files beside this one; here they are only called.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "broker/groups/coordinator/group_effects.h"
#include "broker/groups/coordinator/turn.h"
#include "broker/groups/offsets/log_records.h"
#include "broker/groups/offsets/transactional_commit.h"
#include "wire/batch_header.h"
#include "wire/group_records.h"

namespace millrace::broker {

/// Every input first lets the time-outs happen that are due at its `now`.
///
/// Invariants
///   A request is answered exactly once: at once, or by a later effect.
///   Offsets and removals count when their append is acknowledged, in the order of the appends.
///   Replaying the records of all appends that went well gives the same offsets, those of open
///   transactions too, and the same groups, as far as these are empty or stable.
/// thread  one at a time
class GroupCoordinator {
 public:
  using Response = GroupResponse;
  using Effects = GroupEffects;

  GroupCoordinator(const GroupConfig& config, Random random);

  // ---- at start, before the first request ----

  /// Takes over one record of the log, in each partition's order, with the batch it stands in. An
  /// offset of a transaction counts when the commit marker of its producer comes in the same
  /// partition, and never when the abort marker does; until then it is pending.
  /// errors  kTruncated, kCorrupt, kUnsupported: the record is not ours to read; nothing changed
  Status replay(PartitionId partition, const wire::BatchHeader& batch, std::string_view key,
                std::optional<std::string_view> value);
  /// The log is at its end: sessions count from now on.
  void finish_replay(Instant now);

  /// The topics as they are now; told before an input that is about them.
  void see_topics(std::shared_ptr<const GroupTopics> topics) { state_.topics = std::move(topics); }

  /// Of single consumer groups; a member's session counts by them from its next heartbeat on.
  void set_consumer_times(decltype(GroupConfig::consumer_times) times) {
    state_.config.consumer_times = std::move(times);
  }

  // ---- requests; `token` must be new ----

  GroupEffects consumer_heartbeat(RequestToken token, const GroupCaller& caller,
                                  wire::ConsumerGroupHeartbeatRequest request, Instant now);
  GroupEffects describe_consumer_groups(RequestToken token,
                                        const wire::ConsumerGroupDescribeRequest& request,
                                        Instant now);

  GroupEffects join(RequestToken token, const GroupCaller& caller, wire::JoinGroupRequest request,
                    Instant now);
  GroupEffects sync(RequestToken token, const GroupCaller& caller, wire::SyncGroupRequest request,
                    Instant now);
  GroupEffects heartbeat(RequestToken token, const wire::HeartbeatRequest& request, Instant now);
  GroupEffects leave(RequestToken token, const GroupCaller& caller, wire::LeaveGroupRequest request,
                     Instant now);
  GroupEffects commit_offsets(RequestToken token, const GroupCaller& caller,
                              wire::OffsetCommitRequest request, Instant now);
  GroupEffects commit_transactional_offsets(RequestToken token,
                                            wire::TxnOffsetCommitRequest request,
                                            const TransactionalCommit& where, Instant now);
  /// A transaction that has offsets in a partition of the log ends: has its marker written.
  GroupEffects end_transaction(RequestToken token, const LogMarker& marker, Instant now);
  GroupEffects fetch_offsets(RequestToken token, const GroupCaller& caller,
                             wire::OffsetFetchRequest request, Instant now);
  GroupEffects describe(RequestToken token, const GroupCaller& caller,
                        const wire::DescribeGroupsRequest& request, Instant now);
  GroupEffects list(RequestToken token, const GroupCaller& caller,
                    const wire::ListGroupsRequest& request, Instant now);
  GroupEffects delete_groups(RequestToken token, const wire::DeleteGroupsRequest& request,
                             Instant now);
  GroupEffects delete_offsets(RequestToken token, const wire::OffsetDeleteRequest& request,
                              Instant now);

  // ---- what else happens ----

  /// The append is as safe as it will be, or failed with `error`.
  GroupEffects appended(AppendId id, wire::KafkaError error, Instant now);
  GroupEffects topic_deleted(std::string_view topic, Instant now);
  /// Nothing but the time has passed.
  GroupEffects tick(Instant now);
  /// When tick() is wanted next.
  std::optional<MonotonicTime> next_deadline() const { return state_.timers.next_deadline(); }

  /// For tests and for those who ask what is in memory.
  const CoordinatorState& state() const { return state_; }

 private:
  Status apply(LoggedEntry entry);
  Status replay_consumer_group(const std::string& group_id, const wire::GroupRecordKey& key,
                               std::optional<std::string_view> value);
  Status replay_marker(const TransactionPart& part, std::string_view key);

  template <class Input>
  GroupEffects take_turn(Instant now, Input&& input);

  CoordinatorState state_;
};

}  // namespace millrace::broker
