// GroupService: the shell around GroupCoordinator. It hands requests in, appends the records that
// come out to `__consumer_offsets`, wakes the coordinator when a time-out is due, and gives each
// reply to the handler that asked. The only part of broker/groups that the rest of the broker uses.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "broker/groups/group_config.h"
#include "broker/groups/offsets_log.h"
#include "io/event_loop.h"
#include "model/topic_partition.h"

namespace millrace::wire {
struct DeleteGroupsRequest;
struct DeleteGroupsResponse;
struct DescribeGroupsRequest;
struct DescribeGroupsResponse;
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
struct OffsetFetchRequest;
struct OffsetFetchResponse;
struct SyncGroupRequest;
struct SyncGroupResponse;
}  // namespace millrace::wire

namespace millrace::broker {

/// Who asks: what JoinGroup remembers and DescribeGroups shows, and what version rules depend on.
struct GroupCaller {
  std::int16_t api_version = 0;
  std::string client_id;    // empty when the client sent none
  std::string client_host;  // as Kafka shows it: "/127.0.0.1"
};

/// Called exactly once, from any thread, possibly from inside the call that took it, and never
/// while a lock of the groups is held. The response lives only during the call.
template <class Response>
using ReplyWith = std::function<void(const Response&)>;

/// thread  everything from any thread, except load(), which comes first, and the destructor
class GroupService {
 public:
  /// log, loop and clock must outlive the service. `loop` runs the timers and must be running, or
  /// about to; it must have stopped, or run the destructor itself, when the service goes.
  GroupService(const GroupConfig& config, OffsetsLog& log, io::EventLoop& loop, const Clock& clock,
               Random random);
  ~GroupService();
  GroupService(const GroupService&) = delete;
  GroupService& operator=(const GroupService&) = delete;

  /// Rebuilds all groups and offsets from the log. Call once, before the first request.
  /// errors  what reading the log meets; a record that does not decode is logged and skipped
  Status load();
  /// Answers what is still parked with COORDINATOR_NOT_AVAILABLE; later requests get that too.
  void stop();

  void join(const GroupCaller& caller, wire::JoinGroupRequest request,
            ReplyWith<wire::JoinGroupResponse> reply);
  void sync(const GroupCaller& caller, wire::SyncGroupRequest request,
            ReplyWith<wire::SyncGroupResponse> reply);
  void heartbeat(const GroupCaller& caller, wire::HeartbeatRequest request,
                 ReplyWith<wire::HeartbeatResponse> reply);
  void leave(const GroupCaller& caller, wire::LeaveGroupRequest request,
             ReplyWith<wire::LeaveGroupResponse> reply);
  /// request  topics by name, all of them existing: the handler resolves ids and answers for
  /// unknown ones
  void commit_offsets(const GroupCaller& caller, wire::OffsetCommitRequest request,
                      ReplyWith<wire::OffsetCommitResponse> reply);
  /// request  topics by name; the handler resolves ids
  void fetch_offsets(const GroupCaller& caller, wire::OffsetFetchRequest request,
                     ReplyWith<wire::OffsetFetchResponse> reply);
  void describe(const GroupCaller& caller, wire::DescribeGroupsRequest request,
                ReplyWith<wire::DescribeGroupsResponse> reply);
  void list(const GroupCaller& caller, wire::ListGroupsRequest request,
            ReplyWith<wire::ListGroupsResponse> reply);
  void delete_groups(const GroupCaller& caller, wire::DeleteGroupsRequest request,
                     ReplyWith<wire::DeleteGroupsResponse> reply);

  /// Forgets the offsets that groups committed for partitions that no longer exist.
  void partitions_deleted(std::span<const TopicPartition> partitions);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // shared with append callbacks and posted tasks
};

}  // namespace millrace::broker
