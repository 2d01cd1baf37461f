// The body of GroupWorld; it lies in a test file so that it is no part of the library.
#include "broker/groups/group_world.h"

#include <utility>

#include "broker/coordination/append_queue.h"
#include "wire/record_batch.h"

namespace millrace::broker {

namespace {

constexpr std::int32_t kLogPartitions = 5;

}  // namespace

GroupWorld::GroupWorld(const GroupConfig& config, std::uint64_t seed)
    : config_(config), coordinator_(std::make_unique<GroupCoordinator>(config, Random(seed))) {
  coordinator_->finish_replay(now_);
}

void GroupWorld::absorb(GroupEffects effects) {
  for (GroupReply& reply : effects.replies) {
    CHECK(reply.token.value() <= last_token_, "nobody asked {}", reply.token);
    const bool is_first = replies_.emplace(reply.token, std::move(reply.response)).second;
    CHECK(is_first, "request {} was answered twice", reply.token);
  }
  for (LogAppend& append : effects.appends) held_.push_back(std::move(append));
  if (!holds_appends) acknowledge_all();
}

void GroupWorld::acknowledge(wire::KafkaError error) {
  CHECK(!held_.empty(), "no append is under way");
  LogAppend append = std::move(held_.front());
  held_.pop_front();
  const AppendId id = append.id;
  if (error == wire::KafkaError::kNone) log_.push_back(std::move(append));
  absorb(coordinator_->appended(id, error, now_));
}

void GroupWorld::acknowledge_all() {
  while (!held_.empty()) acknowledge();
}

void GroupWorld::advance(Millis time) {
  const MonotonicTime end = now_.monotonic + time;
  for (;;) {
    const auto deadline = coordinator_->next_deadline();
    const MonotonicTime stop = deadline && *deadline < end ? *deadline : end;
    // Wall time goes in whole milliseconds, as deadlines do here.
    now_.wall = Timestamp{now_.wall.value() + std::chrono::duration_cast<Millis>(
                                                  std::max(stop, now_.monotonic) - now_.monotonic)
                                                  .count()};
    now_.monotonic = std::max(stop, now_.monotonic);
    absorb(coordinator_->tick(now_));
    if (stop == end) return;
  }
}

RequestToken GroupWorld::join(const Join& join) {
  wire::JoinGroupRequest request;
  request.group_id = join.group;
  request.member_id = join.member;
  request.group_instance_id = join.instance;
  request.protocol_type = join.protocol_type;
  request.session_timeout_ms = join.session_timeout_ms;
  request.rebalance_timeout_ms = join.rebalance_timeout_ms;
  for (const auto& [name, metadata] : join.protocols) request.protocols.push_back({name, metadata});
  const RequestToken token = next_token();
  absorb(coordinator_->join(token, {join.version, join.client, "/10.0.0.1"}, request, now_));
  return token;
}

RequestToken GroupWorld::sync(const Sync& sync) {
  wire::SyncGroupRequest request;
  request.group_id = sync.group;
  request.generation_id = sync.generation;
  request.member_id = sync.member;
  request.group_instance_id = sync.instance;
  request.protocol_type = sync.protocol_type;
  request.protocol_name = sync.protocol_name;
  for (const auto& [member, part] : sync.assignments) request.assignments.push_back({member, part});
  const RequestToken token = next_token();
  absorb(coordinator_->sync(token, {sync.version, "c", "/10.0.0.1"}, request, now_));
  return token;
}

RequestToken GroupWorld::heartbeat(const std::string& member, std::int32_t generation,
                                   std::optional<std::string> instance, const std::string& group) {
  wire::HeartbeatRequest request;
  request.group_id = group;
  request.generation_id = generation;
  request.member_id = member;
  request.group_instance_id = std::move(instance);
  const RequestToken token = next_token();
  absorb(coordinator_->heartbeat(token, request, now_));
  return token;
}

RequestToken GroupWorld::leave(const std::vector<Leaver>& members, std::int16_t version,
                               const std::string& group) {
  wire::LeaveGroupRequest request;
  request.group_id = group;
  if (version < 3) {
    request.member_id = members.front().member;
  } else {
    for (const Leaver& leaver : members) {
      request.members.push_back({leaver.member, leaver.instance, std::nullopt});
    }
  }
  const RequestToken token = next_token();
  absorb(coordinator_->leave(token, {version, "c", "/10.0.0.1"}, request, now_));
  return token;
}

RequestToken GroupWorld::beat(const Beat& beat) {
  wire::ConsumerGroupHeartbeatRequest request;
  request.group_id = beat.group;
  request.member_id = beat.member;
  request.member_epoch = beat.epoch;
  request.instance_id = beat.instance;
  request.rack_id = beat.rack;
  request.subscribed_topic_names = beat.topics;
  request.subscribed_topic_regex = beat.regex;
  request.server_assignor = beat.assignor;
  request.rebalance_timeout_ms = beat.rebalance_timeout_ms;
  if (beat.owned) {
    request.topic_partitions = by_topic<wire::HeartbeatTopicPartitions>(*beat.owned);
  }
  if (beat.epoch == 0 && !beat.is_bare) {
    if (request.rebalance_timeout_ms == -1) request.rebalance_timeout_ms = 60'000;
    if (!request.topic_partitions) request.topic_partitions.emplace();
    if (!beat.topics && !beat.regex) request.subscribed_topic_names = {"t"};
  }
  const RequestToken token = next_token();
  coordinator_->see_topics(std::make_shared<const GroupTopics>(topics_));
  absorb(coordinator_->consumer_heartbeat(token, {beat.version, "c", "/10.0.0.1"}, request, now_));
  return token;
}

wire::KafkaError GroupWorld::beat_error(const Beat& beat) {
  return static_cast<wire::KafkaError>(beaten(this->beat(beat)).error_code);
}

wire::ConsumerGroupDescribeResponse::DescribedGroup GroupWorld::describe_consumer_group(
    const std::string& group) {
  const RequestToken token = next_token();
  absorb(coordinator_->describe_consumer_groups(token, {.group_ids = {group}}, now_));
  return answer<wire::ConsumerGroupDescribeResponse>(token).groups.at(0);
}

void GroupWorld::make_topic(const std::string& topic, std::int32_t partitions) {
  const GroupTopics::Topic* const known = topics_.find(topic);
  topics_.add(topic, {known == nullptr ? Uuid::random(ids_) : known->id, partitions});
  ++topics_.version;
}

TopicIdPartition GroupWorld::partition_id(const std::string& topic, std::int32_t partition) const {
  const GroupTopics::Topic* const known = topics_.find(topic);
  CHECK(known != nullptr, "there is no topic {}", topic);
  return {known->id, partition};
}

RequestToken GroupWorld::commit(const Commit& commit) {
  wire::OffsetCommitRequest request;
  request.group_id = commit.group;
  request.member_id = commit.member;
  request.generation_id_or_member_epoch = commit.generation;
  request.group_instance_id = commit.instance;
  auto& topic = request.topics.emplace_back();
  topic.name = commit.topic;
  auto& partition = topic.partitions.emplace_back();
  partition.partition_index = commit.partition;
  partition.committed_offset = commit.offset;
  partition.committed_leader_epoch = commit.leader_epoch;
  partition.committed_metadata = commit.metadata;
  const RequestToken token = next_token();
  absorb(coordinator_->commit_offsets(token, {commit.version, "c", "/10.0.0.1"}, request, now_));
  return token;
}

RequestToken GroupWorld::commit_in_transaction(const TransactionalCommitOf& commit) {
  wire::TxnOffsetCommitRequest request;
  request.transactional_id = fmt::format("x{}", commit.producer);
  request.group_id = commit.group;
  request.producer_id = commit.producer;
  request.producer_epoch = commit.epoch;
  request.generation_id_or_member_epoch = commit.generation;
  request.member_id = commit.member;
  request.group_instance_id = commit.instance;
  auto& topic = request.topics.emplace_back();
  topic.name = commit.topic;
  auto& partition = topic.partitions.emplace_back();
  partition.partition_index = commit.partition;
  partition.committed_offset = commit.offset;
  partition.committed_metadata = commit.metadata;
  const RequestToken token = next_token();
  absorb(coordinator_->commit_transactional_offsets(token, request, {partition_of(commit.group)},
                                                    now_));
  return token;
}

RequestToken GroupWorld::end_transaction(std::int64_t producer, wire::TransactionResult result,
                                         const std::string& group) {
  return end_transaction_in(partition_of(group), producer, result);
}

RequestToken GroupWorld::end_transaction_in(PartitionId partition, std::int64_t producer,
                                            wire::TransactionResult result) {
  const RequestToken token = next_token();
  const LogMarker marker{
      .partition = partition,
      .marker = {.producer_id = ProducerId{producer}, .producer_epoch = {}, .end = {result, 0}}};
  absorb(coordinator_->end_transaction(token, marker, now_));
  return token;
}

PartitionId GroupWorld::partition_of(const std::string& group) const {
  return broker::partition_of(group, kLogPartitions);
}

RequestToken GroupWorld::fetch(const wire::OffsetFetchRequest& request, std::int16_t version) {
  const RequestToken token = next_token();
  absorb(coordinator_->fetch_offsets(token, {version, "c", "/10.0.0.1"}, request, now_));
  return token;
}

RequestToken GroupWorld::describe(const std::string& group, std::int16_t version) {
  wire::DescribeGroupsRequest request;
  request.groups = {group};
  const RequestToken token = next_token();
  absorb(coordinator_->describe(token, {version, "c", "/10.0.0.1"}, request, now_));
  return token;
}

RequestToken GroupWorld::list(const wire::ListGroupsRequest& request, std::int16_t version) {
  const RequestToken token = next_token();
  absorb(coordinator_->list(token, {version, "c", "/10.0.0.1"}, request, now_));
  return token;
}

RequestToken GroupWorld::delete_groups(std::vector<std::string> groups) {
  wire::DeleteGroupsRequest request;
  request.groups_names = std::move(groups);
  const RequestToken token = next_token();
  absorb(coordinator_->delete_groups(token, request, now_));
  return token;
}

RequestToken GroupWorld::delete_offsets(const std::string& group, const std::string& topic,
                                        std::vector<std::int32_t> partitions) {
  wire::OffsetDeleteRequest request;
  request.group_id = group;
  request.topics.push_back({topic, {}});
  for (const std::int32_t partition : partitions)
    request.topics[0].partitions.push_back({partition});
  const RequestToken token = next_token();
  absorb(coordinator_->delete_offsets(token, request, now_));
  return token;
}

void GroupWorld::delete_topic(const std::string& topic) {
  GroupTopics left;
  for (const auto& [name, known] : topics_.by_name()) {
    if (name != topic) left.add(name, known);
  }
  left.version = topics_.version + 1;
  topics_ = std::move(left);
  absorb(coordinator_->topic_deleted(topic, now_));
}

wire::KafkaError GroupWorld::commit_error(RequestToken token) const {
  const auto& response = answer<wire::OffsetCommitResponse>(token);
  return static_cast<wire::KafkaError>(response.topics.at(0).partitions.at(0).error_code);
}

wire::KafkaError GroupWorld::transactional_commit_error(RequestToken token) const {
  const auto& response = answer<wire::TxnOffsetCommitResponse>(token);
  return static_cast<wire::KafkaError>(response.topics.at(0).partitions.at(0).error_code);
}

wire::OffsetFetchResponse::OffsetFetchResponsePartitions GroupWorld::fetch_stable(
    const std::string& group, const std::string& topic, std::int32_t partition) {
  wire::OffsetFetchRequest request;
  request.require_stable = true;
  auto& asked = request.groups.emplace_back();
  asked.group_id = group;
  asked.topics.emplace();
  asked.topics->push_back({topic, {}, {partition}});
  return answer<wire::OffsetFetchResponse>(fetch(request, 8))
      .groups.at(0)
      .topics.at(0)
      .partitions.at(0);
}

wire::KafkaError GroupWorld::heartbeat_error(RequestToken token) const {
  return static_cast<wire::KafkaError>(answer<wire::HeartbeatResponse>(token).error_code);
}

std::int64_t GroupWorld::committed(const std::string& group, const std::string& topic,
                                   std::int32_t partition) {
  const CommittedOffset* const found = state().offsets.find(group, topic, partition);
  return found == nullptr ? -1 : found->commit.offset.value();
}

std::string GroupWorld::new_member_id(const Join& join) {
  return joined(this->join(join)).member_id;
}

std::vector<std::string> GroupWorld::make_stable(std::size_t members) {
  std::vector<std::string> ids;
  std::vector<RequestToken> joins;
  // Each new member makes those before it rejoin; the first one leads.
  for (std::size_t i = 0; i < members; ++i) {
    ids.push_back(new_member_id({}));
    joins.assign(1, join({.member = ids.back()}));
    for (std::size_t other = 0; other < i; ++other) joins.push_back(join({.member = ids[other]}));
  }
  const std::int32_t generation = group()->generation();
  for (std::size_t i = members; i-- > 0;) {
    Sync request{.member = ids[i], .generation = generation};
    if (i == 0) {
      for (const std::string& id : ids) request.assignments.emplace_back(id, "part of " + id);
    }
    sync(request);
  }
  CHECK(group()->is_in(GroupState::kStable), "the group did not become stable");
  return ids;
}

const Group* GroupWorld::group(const std::string& id) const {
  const auto found = state().groups.find(id);
  return found == state().groups.end() ? nullptr : found->second.get();
}

const ConsumerGroup* GroupWorld::consumer_group(const std::string& id) const {
  const auto found = state().consumer_groups.find(id);
  return found == state().consumer_groups.end() ? nullptr : found->second.get();
}

std::vector<LogRecord> GroupWorld::log() const {
  std::vector<LogRecord> records;
  for (const LogAppend& append : log_) {
    records.insert(records.end(), append.records.begin(), append.records.end());
  }
  return records;
}

std::unique_ptr<GroupCoordinator> GroupWorld::replayed() const {
  auto coordinator = std::make_unique<GroupCoordinator>(config_, Random(99));
  const auto replay = [&](PartitionId partition, const Buffer& batch) {
    Buffer scratch;
    auto reader = wire::BatchReader::open(batch.view(), scratch);
    CHECK(reader.ok(), "{}", reader.error().to_string());
    RecordView record;
    while (reader->next(record)) {
      const Status status =
          coordinator->replay(partition, reader->header(), *record.key, record.value);
      CHECK(status.ok(), "{}", status.error().to_string());
    }
  };
  for (const LogAppend& append : log_) {
    if (append.marker) {
      const LogMarker& end = *append.marker;
      replay(end.partition, wire::build_transaction_marker(end.marker, append.timestamp));
      continue;
    }
    AppendQueue queue;
    queue.push(append);
    const auto batch = queue.take(kLogPartitions);
    replay(batch->partition, batch->encode());
  }
  coordinator->finish_replay(now_);
  return coordinator;
}

void GroupWorld::restart() {
  held_.clear();
  coordinator_ = replayed();
}

namespace {

std::string picture_of(const OwnedPartitions& owned) {
  std::string picture;
  for (const auto& [partition, epoch] : owned) {
    picture += fmt::format(" {}-{}@{}", partition.topic_id.to_base64(), partition.partition, epoch);
  }
  return picture;
}

std::string picture_of(const ConsumerGroup& group) {
  std::string picture = fmt::format("consumer group {} epoch={} target={} hash={} {}\n", group.id(),
                                    group.epoch(), group.assignment_epoch(), group.metadata_hash(),
                                    consumer_group_state_name(group.state()));
  for (const auto& [id, member] : group.members()) {
    picture += fmt::format(
        "  {} instance={} rack={} client={} rebalance={} topics={} regex={} assignor={} epoch={} "
        "previous={} state={} classic={}\n",
        id, member.instance_id.value_or("-"), member.rack_id.value_or("-"), member.client_id,
        member.rebalance_timeout.count(), fmt::join(member.topics, ","), member.regex,
        member.assignor.value_or("-"), member.epoch, member.previous_epoch,
        static_cast<int>(member.state),
        member.classic ? member.classic->session_timeout.count() : -1);
    picture += fmt::format("    has{} gives up{} is to have", picture_of(member.assigned),
                           picture_of(member.to_revoke));
    for (const TopicIdPartition& partition : group.target(id)) {
      picture += fmt::format(" {}-{}", partition.topic_id.to_base64(), partition.partition);
    }
    picture += '\n';
  }
  for (const auto& [regex, resolved] : group.regexes()) {
    picture += fmt::format("  regex {} is {}\n", regex, fmt::join(resolved.topics, ","));
  }
  return picture;
}

}  // namespace

std::string picture_of(const CoordinatorState& state) {
  std::string picture;
  for (const auto& [id, group] : state.groups) {
    // A group that is only a name, and pending members, live in memory alone.
    const bool has_offsets =
        state.offsets.find(id) != nullptr || state.open_transactions.holds_group(id);
    if (!group->is_logged && !has_offsets) continue;
    picture += fmt::format("group {} {}", id, group_state_name(group->state()));
    if (group->is_logged) {
      picture += fmt::format(" generation={} type={} protocol={} leader={}", group->generation(),
                             group->protocol_type().value_or("-"),
                             group->protocol_name().value_or("-"), group->leader());
    }
    picture += '\n';
    for (const auto& [member_id, member] : group->members()) {
      picture += fmt::format("  {} instance={} assignment={} session={} rebalance={}\n", member_id,
                             member.instance_id.value_or("-"), member.assignment,
                             member.session_timeout.count(), member.rebalance_timeout.count());
    }
  }
  for (const auto& [id, group] : state.consumer_groups) picture += picture_of(*group);
  for (const auto& [group_id, topics] : state.offsets.by_group()) {
    for (const auto& [topic, partitions] : topics) {
      for (const auto& [partition, committed] : partitions) {
        picture +=
            fmt::format("offset {} {}-{} {} '{}' {}\n", group_id, topic, partition,
                        committed.commit.offset, committed.commit.metadata, committed.committed_at);
      }
    }
  }
  for (const std::string& group : state.open_transactions.groups()) {
    for (const OffsetKey& key : state.open_transactions.keys_of_group(group)) {
      picture += fmt::format("pending {} {}-{}\n", group, key.topic, key.partition);
    }
  }
  // What they would be shows when they end: as if all transactions committed, each in turn.
  OpenTransactions open = state.open_transactions;
  for (const TransactionPart& part : state.open_transactions.parts()) {
    picture += fmt::format("open {} {}\n", part.partition, part.producer);
    for (const auto& [key, offset] : open.commit(part)) {
      picture += fmt::format("  {} {}-{} {} '{}' {}\n", key.group, key.topic, key.partition,
                             offset.commit.offset, offset.commit.metadata, offset.committed_at);
    }
  }
  return picture;
}

}  // namespace millrace::broker
