#include "broker/groups/group_service.h"

#include <utility>

#include "broker/coordination/coordinator_shell.h"
#include "broker/groups/consumer/group_topics.h"
#include "broker/groups/coordinator/group_coordinator.h"
#include "broker/groups/offsets/group_loader.h"
#include "broker/topics/topic_table.h"

namespace millrace::broker {

class GroupService::Shell final : public CoordinatorShell<GroupCoordinator> {
 public:
  using CoordinatorShell::CoordinatorShell;
};

GroupService::GroupService(const GroupConfig& config, CoordinatorLog& log, io::EventLoop& loop,
                           const Clock& clock, Random random, Topics topics)
    : log_(log),
      topic_table_(std::move(topics)),
      shell_(std::make_shared<Shell>(log, loop, clock, config, random)) {}

GroupService::~GroupService() {
  stop();
}

Status GroupService::load() {
  auto loaded = shell_->load([&](CoordinatorLog& log, GroupCoordinator& groups, Instant now) {
    groups.see_topics(topics());
    return load_groups(log, groups, now);
  });
  if (loaded.ok()) shell_->tick();
  return loaded;
}

void GroupService::stop() {
  shell_->stop();
}

std::shared_ptr<const GroupTopics> GroupService::topics() {
  const auto table = topic_table_();
  return seen_.with([&](Seen& seen) {
    if (seen.topics == nullptr || seen.table.lock() != table) {
      const std::uint64_t version = seen.topics == nullptr ? 1 : seen.topics->version + 1;
      seen = {table, std::make_shared<const GroupTopics>(*table, version)};
    }
    return seen.topics;
  });
}

void GroupService::consumer_heartbeat(const GroupCaller& caller,
                                      wire::ConsumerGroupHeartbeatRequest request,
                                      Responder<wire::ConsumerGroupHeartbeatResponse> reply) {
  shell_->ask(std::move(reply),
              [&, topics = topics()](GroupCoordinator& groups, RequestToken token, Instant now) {
                groups.see_topics(topics);
                return groups.consumer_heartbeat(token, caller, std::move(request), now);
              });
}

GroupService::Abandon GroupService::join(const GroupCaller& caller, wire::JoinGroupRequest request,
                                         Responder<wire::JoinGroupResponse> reply) {
  const RequestToken asked = shell_->ask(
      std::move(reply),
      [&, topics = topics()](GroupCoordinator& groups, RequestToken token, Instant now) {
        groups.see_topics(topics);
        return groups.join(token, caller, std::move(request), now);
      });
  return shell_->abandoning(asked);
}

GroupService::Abandon GroupService::sync(const GroupCaller& caller, wire::SyncGroupRequest request,
                                         Responder<wire::SyncGroupResponse> reply) {
  const RequestToken asked = shell_->ask(
      std::move(reply),
      [&, topics = topics()](GroupCoordinator& groups, RequestToken token, Instant now) {
        groups.see_topics(topics);
        return groups.sync(token, caller, std::move(request), now);
      });
  return shell_->abandoning(asked);
}

void GroupService::heartbeat(const GroupCaller&, wire::HeartbeatRequest request,
                             Responder<wire::HeartbeatResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.heartbeat(token, request, now);
  });
}

void GroupService::leave(const GroupCaller& caller, wire::LeaveGroupRequest request,
                         Responder<wire::LeaveGroupResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.leave(token, caller, std::move(request), now);
  });
}

void GroupService::commit_offsets(const GroupCaller& caller, wire::OffsetCommitRequest request,
                                  Responder<wire::OffsetCommitResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.commit_offsets(token, caller, std::move(request), now);
  });
}

void GroupService::commit_transactional_offsets(wire::TxnOffsetCommitRequest request,
                                                const TransactionalCommit& where,
                                                Responder<wire::TxnOffsetCommitResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.commit_transactional_offsets(token, std::move(request), where, now);
  });
}

void GroupService::end_transaction(const LogMarker& marker,
                                   std::function<void(wire::KafkaError)> done) {
  Responder<MarkerWritten> reply([done = std::move(done)](Outcome<MarkerWritten> outcome) {
    const auto* const answer = std::get_if<Answer<MarkerWritten>>(&outcome);
    done(answer != nullptr ? answer->response.error : wire::KafkaError::kCoordinatorNotAvailable);
  });
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.end_transaction(token, marker, now);
  });
}

void GroupService::fetch_offsets(const GroupCaller& caller, wire::OffsetFetchRequest request,
                                 Responder<wire::OffsetFetchResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.fetch_offsets(token, caller, std::move(request), now);
  });
}

void GroupService::describe(const GroupCaller& caller, wire::DescribeGroupsRequest request,
                            Responder<wire::DescribeGroupsResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.describe(token, caller, request, now);
  });
}

void GroupService::describe_consumer_groups(wire::ConsumerGroupDescribeRequest request,
                                            Responder<wire::ConsumerGroupDescribeResponse> reply) {
  shell_->ask(std::move(reply),
              [&, topics = topics()](GroupCoordinator& groups, RequestToken token, Instant now) {
                groups.see_topics(topics);
                return groups.describe_consumer_groups(token, request, now);
              });
}

void GroupService::list(const GroupCaller& caller, wire::ListGroupsRequest request,
                        Responder<wire::ListGroupsResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.list(token, caller, request, now);
  });
}

void GroupService::delete_groups(const GroupCaller&, wire::DeleteGroupsRequest request,
                                 Responder<wire::DeleteGroupsResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.delete_groups(token, request, now);
  });
}

void GroupService::delete_offsets(wire::OffsetDeleteRequest request,
                                  Responder<wire::OffsetDeleteResponse> reply) {
  shell_->ask(std::move(reply), [&](GroupCoordinator& groups, RequestToken token, Instant now) {
    return groups.delete_offsets(token, request, now);
  });
}

Result<PartitionId> GroupService::partition_of_group(std::string_view group_id) {
  const auto count = log_.ensure_partitions();
  if (!count.ok()) return count.error();
  return partition_of(group_id, *count);
}

void GroupService::set_consumer_times(decltype(GroupConfig::consumer_times) times) {
  shell_->tell([&](GroupCoordinator& groups, Instant) {
    groups.set_consumer_times(std::move(times));
    return GroupEffects{};
  });
}

void GroupService::topic_deleted(std::string_view topic) {
  shell_->tell(
      [&](GroupCoordinator& groups, Instant now) { return groups.topic_deleted(topic, now); });
}

}  // namespace millrace::broker
