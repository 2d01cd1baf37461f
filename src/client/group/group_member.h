// GroupMember: the life of one member of a group of the classic protocol, as a state machine
// without a socket. Join, sync, heartbeat, leave; eager and cooperative rebalancing; static
// membership.
//
//   idle ──subscribe──▶ joining ──▶ (dealing, when leader) ──▶ syncing ──▶ stable ──┐
//                          ▲                                                        │
//                          └──── revoking, when something must be given up ◀────────┘
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "client/assignor.h"
#include "client/cluster/backoff.h"
#include "client/group/group_effects.h"
#include "client/group/group_leader.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/join_group.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/sync_group.h"

namespace millrace::client {

struct GroupMemberConfig {
  std::string group_id = {};
  std::optional<std::string> group_instance_id = {};
  std::optional<std::string> rack = {};
  Millis session_timeout{45'000};
  Millis rebalance_timeout{300'000};
  Millis heartbeat_interval{3000};
  Backoff retry_backoff{Millis{100}, Millis{1000}};
  OfferedAssignors assignors = {};  // at least one
};

struct SendJoin {
  GroupTicket ticket;
  wire::JoinGroupRequest request;
};
struct SendSync {
  GroupTicket ticket;
  wire::SyncGroupRequest request;
};
struct SendHeartbeat {
  GroupTicket ticket;
  wire::HeartbeatRequest request;
};
/// No answer is waited for.
struct SendLeave {
  wire::LeaveGroupRequest request;
};
/// The leader deals, and must know how many partitions these topics have.
struct AskPartitionCounts {
  GroupTicket ticket;
  std::vector<std::string> topics;
};
using GroupEffect = std::variant<SendJoin, SendSync, SendHeartbeat, SendLeave, AskPartitionCounts,
                                 Rebalance, GroupFailed>;

/// Every input may leave effects; the owner performs them in order. All requests go to the group's
/// coordinator, which the owner finds.
class GroupMember {
 public:
  GroupMember(GroupMemberConfig config, Random random);

  /// Joins for these topics, or joins again when they changed.
  void subscribe(std::vector<std::string> topics, MonotonicTime now);
  /// Leaves at once. A static member goes silently, so that it can come back.
  void leave(std::string_view reason);
  /// The application has not polled in time: the group must not wait for it. Its partitions are
  /// lost; once it has acknowledged that, the member joins again.
  void on_poll_overdue();
  /// The answer to Rebalance.
  void on_rebalance_done(MonotonicTime now);
  /// What is known of watched_topics() now. A leader that dealt by other counts joins again, so
  /// that topics that have come since, or have grown, are dealt too.
  void on_known_counts(const PartitionCounts& counts, MonotonicTime now);
  /// Sends what is due: heartbeats and retries.
  void on_time(MonotonicTime now);

  void on_join(GroupTicket ticket, const Result<wire::JoinGroupResponse>& answer,
               MonotonicTime now);
  void on_sync(GroupTicket ticket, const Result<wire::SyncGroupResponse>& answer,
               MonotonicTime now);
  void on_heartbeat(GroupTicket ticket, const Result<wire::HeartbeatResponse>& answer,
                    MonotonicTime now);
  /// The coordinator refused a commit that was made in `generation`. What says that the member has
  /// to join again counts as it does in the answer to a heartbeat, which might come much later.
  void on_commit_refused(const Error& error, std::int32_t generation, MonotonicTime now);
  void on_partition_counts(GroupTicket ticket, PartitionCounts counts, MonotonicTime now);

  std::vector<GroupEffect> take_effects() { return std::move(effects_); }
  /// When on_time() wants to be called next; nothing while an answer is waited for.
  std::optional<MonotonicTime> next_deadline() const;

  const std::string& member_id() const { return member_id_; }
  std::int32_t generation() const { return generation_; }
  const std::vector<TopicPartition>& owned() const { return owned_; }
  bool is_stable() const { return state_ == State::kStable; }
  /// What the whole group reads, existing or not, when this member is to watch over it: it leads
  /// and is stable. Else empty.
  std::vector<std::string> watched_topics() const;

 private:
  enum class State {
    kIdle,
    kRevoking,  // the application gives up partitions, then the member joins
    kJoining,
    kDealing,
    kSyncing,
    kStable,
    kWaiting  // for the retry of a join
  };

  GroupTicket next_ticket() { return ++ticket_; }
  bool is_current(GroupTicket ticket) const { return ticket == ticket_; }
  void rejoin(MonotonicTime now);
  void send_join(MonotonicTime now);
  void send_sync(std::vector<wire::SyncGroupRequest::SyncGroupRequestAssignment> assignments);
  void send_heartbeat(MonotonicTime now);
  void retry_later(MonotonicTime now);
  enum class MemberIdIs { kKept, kForgotten };
  void lose_membership(MemberIdIs member_id, MonotonicTime now);
  void fail(Error error);
  void give_up_membership(Error error);
  void handle_error(const Error& error, MonotonicTime now);
  void on_told_to_rejoin(const Error& error, MonotonicTime now);
  void lead(const wire::JoinGroupResponse& answer, MonotonicTime now);
  void take_assignment(std::string_view bytes, MonotonicTime now);
  Result<std::string> encode_subscription(const OfferedAssignor& offered) const;
  const OfferedAssignor* chosen_assignor() const;
  bool has_assignment() const;

  GroupMemberConfig config_;
  Random random_;
  bool is_cooperative_;
  State state_ = State::kIdle;
  std::vector<GroupEffect> effects_;
  GroupTicket ticket_ = 0;            // of the join, sync or count that is waited for
  GroupTicket heartbeat_ticket_ = 0;  // of the heartbeat that is waited for
  bool heartbeat_under_way_ = false;
  MonotonicTime next_heartbeat_{};
  MonotonicTime retry_at_{};
  int failures_ = 0;

  std::vector<std::string> topics_;
  std::vector<TopicPartition> owned_;
  std::string member_id_;
  std::int32_t generation_ = -1;
  std::string protocol_name_;
  bool is_leader_ = false;
  GroupLeader leader_;             // of use while is_leader_
  bool application_busy_ = false;  // a Rebalance has not been acknowledged
  bool rejoin_wanted_ = false;
  bool loss_pending_ = false;          // to be told once the application is free
  std::vector<TopicPartition> taken_;  // owned_ once the application has acknowledged
};

}  // namespace millrace::client
