#include "broker/groups/consumer/consumer_turn.h"

#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/probe.h"
#include "broker/groups/consumer/consumer_records.h"
#include "broker/groups/consumer/conversion.h"
#include "broker/groups/consumer/current_assignment.h"
#include "broker/groups/consumer/subscriptions.h"
#include "broker/groups/consumer/target_assignment.h"
#include "wire/record_batch_builder.h"

namespace millrace::broker {

namespace {

// Of the records of one batch, which must stay well below max.message.bytes.
constexpr std::size_t kChangeBytesMax = 256 * 1024;

/// What a request that waits is told when its records cannot be written.
void fail_reply(GroupReply& reply, wire::KafkaError error) {
  std::visit(
      [&](auto& response) {
        if constexpr (requires { response.error_code; }) {
          response = {};
          response.error_code = code_of(error);
        }
      },
      reply.response);
}

std::size_t size_of_record(const LogRecord& record) {
  return wire::RecordBatchBuilder::record_size_max(record.key, record.value, {});
}

/// Appends the records in as many batches as their size asks for; the outcome comes with the last.
void append_change(Turn& turn, ConsumerGroup& group, std::vector<LogRecord> records,
                   ConsumerGroupStored outcome) {
  std::vector<LogRecord> batch;
  std::size_t size_bytes = 0;
  for (LogRecord& record : records) {
    const std::size_t size = size_of_record(record);
    if (size_bytes + size > kChangeBytesMax && !batch.empty()) {
      // A part that fails has all of it written again.
      turn.append(group.id(), std::exchange(batch, {}),
                  ConsumerGroupStored{{}, outcome.written, outcome.failed_before});
      size_bytes = 0;
    }
    size_bytes += size;
    batch.push_back(std::move(record));
  }
  turn.append(group.id(), std::move(batch), std::move(outcome));
}

/// The last append of the group that is on its way; null when all are in the log.
ConsumerGroupStored* append_under_way(Turn& turn, const ConsumerGroup& group) {
  const auto found = turn.state.appends.find(group.last_append);
  if (found == turn.state.appends.end()) return nullptr;
  return std::get_if<ConsumerGroupStored>(&found->second.outcome);
}

std::string_view reason_of(TimerKind kind) {
  switch (kind) {
    case TimerKind::kRevocation:
      PROBE("broker: a member of a consumer group did not give up its partitions in time");
      return "it did not give up its partitions in time";
    case TimerKind::kMemberJoin:
      return "it did not join again in time";
    case TimerKind::kMemberSync:
      return "it joined and never asked for its assignment";
    default:
      return "its session is over";
  }
}

/// Members of the classic protocol join again instead, which has a time-out of its own.
void expect_revocation(Turn& turn, const ConsumerGroup& group, const ConsumerMember& member) {
  const TimerKey timer{TimerKind::kRevocation, group.id(), member.id};
  if (member.state == MemberState::kUnrevokedPartitions && !member.classic) {
    turn.set_timer(timer, member.rebalance_timeout);
  } else {
    turn.state.timers.cancel(timer);
  }
}

}  // namespace

void write_and_answer(Turn& turn, ConsumerGroup& group, std::optional<GroupReply> reply) {
  if (!group.unwritten.empty()) {
    ConsumerGroupStored stored{{}, std::exchange(group.unwritten, {}), group.failed_appends};
    auto records = records_of(group, stored.written, turn.now.wall);
    if (reply) stored.replies.push_back(*std::move(reply));
    append_change(turn, group, std::move(records), std::move(stored));
    group.last_append = AppendId{turn.state.last_append_id};
    return;
  }
  if (!reply) return;
  if (ConsumerGroupStored* const under_way = append_under_way(turn, group)) {
    under_way->replies.push_back(*std::move(reply));
  } else {
    turn.effects.replies.push_back(*std::move(reply));
  }
}

void consumer_group_stored(Turn& turn, const std::string& group_id, ConsumerGroupStored stored,
                           wire::KafkaError error) {
  ConsumerGroup* const group = turn.find_consumer_group(group_id);
  if (error != wire::KafkaError::kNone && group != nullptr) {
    PROBE("broker: a change of a consumer group did not reach the log");
    group->unwritten.merge(stored.written);
    ++group->failed_appends;
  }
  // What this one builds on may be missing, though it is there itself.
  const bool is_incomplete = group != nullptr && group->failed_appends != stored.failed_before;
  if (error == wire::KafkaError::kNone && is_incomplete) {
    error = wire::KafkaError::kCoordinatorNotAvailable;
  }
  for (GroupReply& reply : stored.replies) {
    if (error != wire::KafkaError::kNone) fail_reply(reply, error);
    turn.effects.replies.push_back(std::move(reply));
  }
}

void refresh_topics(Turn& turn, ConsumerGroup& group, bool must_bump) {
  const GroupTopics& topics = *turn.state.topics;
  if (!must_bump && group.topics_version == topics.version) return;
  refresh_regexes(group, topics, turn.now.wall);
  const std::int64_t hash = metadata_hash_of(group, topics);
  group.topics_version = topics.version;
  if (!must_bump && hash == group.metadata_hash()) return;
  group.bump_epoch(hash);
  LOG_INFO("consumer group has a new epoch", {{"group", group.id()}, {"epoch", group.epoch()}});
}

void deal_if_due(Turn& turn, ConsumerGroup& group) {
  if (group.epoch() == group.assignment_epoch()) return;
  deal_target(group, *turn.state.topics,
              group.preferred_assignor(turn.state.config.consumer_assignors.front()));
}

const ConsumerMember& reconcile_member(Turn& turn, ConsumerGroup& group,
                                       const std::string& member_id,
                                       const std::optional<Partitions>& owned) {
  const ConsumerMember& before = *group.find(member_id);
  if (before.is_reconciled_to(group.assignment_epoch())) return before;
  const std::function<bool(const TopicIdPartition&)> is_free = [&](const TopicIdPartition& wanted) {
    const std::string* const owner = group.owner(wanted);
    return owner == nullptr || *owner == member_id;
  };
  ConsumerMember next = reconcile(before, {.target_epoch = group.assignment_epoch(),
                                           .target = group.target(member_id),
                                           .owned = owned,
                                           .is_free = is_free});
  const bool has_moved = next != before;
  group.put(std::move(next));
  const ConsumerMember& after = *group.find(member_id);
  if (has_moved) expect_revocation(turn, group, after);
  return after;
}

void expect_consumer_heartbeat(Turn& turn, const ConsumerGroup& group,
                               const ConsumerMember& member) {
  turn.set_timer({TimerKind::kSession, group.id(), member.id},
                 member.classic ? member.classic->session_timeout
                                : turn.state.config.times_of(group.id()).session_timeout);
}

void cancel_member_timers(Turn& turn, const ConsumerGroup& group, const std::string& member_id) {
  for (const TimerKind kind : {TimerKind::kSession, TimerKind::kRevocation, TimerKind::kMemberJoin,
                               TimerKind::kMemberSync}) {
    turn.state.timers.cancel({kind, group.id(), member_id});
  }
}

void take_out(Turn& turn, ConsumerGroup& group, const std::string& member_id,
              std::string_view reason) {
  LOG_INFO("member leaves a consumer group",
           {{"group", group.id()}, {"member", member_id}, {"reason", reason}});
  group.remove(member_id);
  cancel_member_timers(turn, group, member_id);
}

void finish_removal(Turn& turn, ConsumerGroup& group, std::optional<GroupReply> reply) {
  if (may_downgrade(turn, group)) {
    return downgrade(turn, group, AfterDowngrade::kRebalance, std::move(reply));
  }
  refresh_topics(turn, group, true);
  write_and_answer(turn, group, std::move(reply));
}

void consumer_timer_due(Turn& turn, ConsumerGroup& group, const TimerKey& timer) {
  if (group.find(timer.member_id) == nullptr) return;
  take_out(turn, group, timer.member_id, reason_of(timer.kind));
  finish_removal(turn, group);
}

void start_timers(Turn& turn, const ConsumerGroup& group) {
  for (const auto& [id, member] : group.members()) {
    expect_consumer_heartbeat(turn, group, member);
    expect_revocation(turn, group, member);
  }
}

}  // namespace millrace::broker
