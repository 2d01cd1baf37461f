// GroupService: the shell around GroupCoordinator. It hands requests in, appends the records that
// come out to `__consumer_offsets`, wakes the coordinator when a time-out is due, and gives each
// reply to the handler that asked. The only part of broker/groups that the rest of the broker uses.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/guarded.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "broker/coordination/coordinator_log.h"
#include "broker/groups/coordinator/group_config.h"
#include "broker/groups/coordinator/group_messages.h"
#include "broker/groups/coordinator/group_types.h"
#include "broker/session/responder.h"
#include "io/event_loop.h"
#include "wire/error_codes.h"

namespace millrace::broker {

class GroupTopics;
class TopicTable;

/// Replies come from any thread, also from inside the call, and never while a lock is held.
/// thread  everything from any thread, except load(), which comes first, and the destructor
class GroupService {
 public:
  /// The topics as they are now.   thread  any
  using Topics = std::function<std::shared_ptr<const TopicTable>()>;

  /// log, loop and clock must outlive the service. `loop` runs the timers and must be running, or
  /// about to; it must have stopped, or run the destructor itself, when the service goes.
  GroupService(const GroupConfig& config, CoordinatorLog& log, io::EventLoop& loop,
               const Clock& clock, Random random, Topics topics);
  ~GroupService();
  GroupService(const GroupService&) = delete;
  GroupService& operator=(const GroupService&) = delete;

  /// Rebuilds all groups and offsets from the log. Call once, before the first request.
  /// errors  what reading the log meets; a record that does not decode is logged and skipped
  Status load();
  /// Lets go of what is still parked, and of later requests: their connections close, and the
  /// clients look for a broker again. Call it before the logs close.
  void stop();

  /// Lets go of a reply that waits: nobody is there to hear it. To the group nothing happens: the
  /// member stays, as in Kafka, until it is silent for too long, and may rejoin from elsewhere.
  /// Does nothing once the request was answered, or the service has gone.   thread  any
  using Abandon = std::function<void()>;

  /// These two may wait as long as a rebalance takes. Call what they return when the connection
  /// ends before that.
  Abandon join(const GroupCaller& caller, wire::JoinGroupRequest request,
               Responder<wire::JoinGroupResponse> reply);
  Abandon sync(const GroupCaller& caller, wire::SyncGroupRequest request,
               Responder<wire::SyncGroupResponse> reply);
  void consumer_heartbeat(const GroupCaller& caller, wire::ConsumerGroupHeartbeatRequest request,
                          Responder<wire::ConsumerGroupHeartbeatResponse> reply);
  void heartbeat(const GroupCaller& caller, wire::HeartbeatRequest request,
                 Responder<wire::HeartbeatResponse> reply);
  void leave(const GroupCaller& caller, wire::LeaveGroupRequest request,
             Responder<wire::LeaveGroupResponse> reply);
  /// request  topics by name, all of them existing: the handler resolves ids and answers for
  /// unknown ones
  void commit_offsets(const GroupCaller& caller, wire::OffsetCommitRequest request,
                      Responder<wire::OffsetCommitResponse> reply);
  /// The same for offsets that count when their transaction commits.
  /// where  as partition_of_group() says, with the guard that the partition gave before the
  /// transaction's coordinator was asked
  void commit_transactional_offsets(wire::TxnOffsetCommitRequest request,
                                    const TransactionalCommit& where,
                                    Responder<wire::TxnOffsetCommitResponse> reply);
  /// Ends a transaction in a partition of `__consumer_offsets`: has its marker written, in order
  /// with the commits on their way there, and lets what it committed count or vanish. Nobody else
  /// may write markers there.
  /// done  is called once, from any thread or from inside the call: when the marker is as durable
  ///       as the broker's fsync policy asks, or with the error of Partition::append_marker;
  ///       COORDINATOR_NOT_AVAILABLE once stopped
  void end_transaction(const LogMarker& marker, std::function<void(wire::KafkaError)> done);
  /// request  topics by name; the handler resolves ids
  void fetch_offsets(const GroupCaller& caller, wire::OffsetFetchRequest request,
                     Responder<wire::OffsetFetchResponse> reply);
  void describe(const GroupCaller& caller, wire::DescribeGroupsRequest request,
                Responder<wire::DescribeGroupsResponse> reply);
  void describe_consumer_groups(wire::ConsumerGroupDescribeRequest request,
                                Responder<wire::ConsumerGroupDescribeResponse> reply);
  void list(const GroupCaller& caller, wire::ListGroupsRequest request,
            Responder<wire::ListGroupsResponse> reply);
  void delete_groups(const GroupCaller& caller, wire::DeleteGroupsRequest request,
                     Responder<wire::DeleteGroupsResponse> reply);
  /// request  existing topics
  void delete_offsets(wire::OffsetDeleteRequest request,
                      Responder<wire::OffsetDeleteResponse> reply);

  /// The partition of `__consumer_offsets` that keeps the group's offsets; makes the topic when it
  /// is missing.
  /// errors  whatever making the topic meets
  Result<PartitionId> partition_of_group(std::string_view group_id);

  /// Forgets what groups committed for a topic that no longer exists.
  void topic_deleted(std::string_view topic);
  /// What was set of single consumer groups has changed.
  void set_consumer_times(decltype(GroupConfig::consumer_times) times);

 private:
  class Shell;
  /// A picture of the topics, and of which table it is.
  struct Seen {
    std::weak_ptr<const TopicTable> table;
    std::shared_ptr<const GroupTopics> topics;
  };

  /// cost  in the number of topics when these have changed, else little
  std::shared_ptr<const GroupTopics> topics();

  CoordinatorLog& log_;
  const Topics topic_table_;
  Guarded<Seen> seen_;
  std::shared_ptr<Shell> shell_;  // shared with append callbacks and posted tasks
};

}  // namespace millrace::broker
