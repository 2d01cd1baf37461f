// GroupWorld: a coordinator on virtual time with a log in memory, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/groups/coordinator/group_coordinator.h"

namespace millrace::broker {

/// Requests go in through the members named after them and come back as a token; answers are looked
/// up by token. Appends are acknowledged at once, or by acknowledge() when `holds_appends`.
class GroupWorld {
 public:
  explicit GroupWorld(const GroupConfig& config = {}, std::uint64_t seed = 1);

  // ---- requests ----

  /// What a test says of a JoinGroup; the rest has usual values.
  struct Join {
    std::string group = "g";
    std::string member = {};
    std::optional<std::string> instance = {};
    std::vector<std::pair<std::string, std::string>> protocols = {{"range", "sub"}};
    std::string protocol_type = "consumer";
    std::int32_t session_timeout_ms = 10'000;
    std::int32_t rebalance_timeout_ms = 60'000;
    std::int16_t version = 9;
    std::string client = "c";
  };
  RequestToken join(const Join& join);

  struct Sync {
    std::string group = "g";
    std::string member = {};
    std::int32_t generation = 1;
    std::vector<std::pair<std::string, std::string>> assignments = {};
    std::optional<std::string> instance = std::nullopt;
    std::optional<std::string> protocol_type = "consumer";
    std::optional<std::string> protocol_name = "range";
    std::int16_t version = 5;
  };
  RequestToken sync(const Sync& sync);

  RequestToken heartbeat(const std::string& member, std::int32_t generation,
                         std::optional<std::string> instance = std::nullopt,
                         const std::string& group = "g");
  struct Leaver {
    std::string member = {};
    std::optional<std::string> instance = {};
  };
  RequestToken leave(const std::vector<Leaver>& members, std::int16_t version = 5,
                     const std::string& group = "g");

  /// What a test says of a ConsumerGroupHeartbeat. A member that joins, with epoch 0, says all that
  /// it must, unless `is_bare`.
  struct Beat {
    std::string group = "g";
    std::string member = {};
    std::int32_t epoch = 0;
    std::optional<std::vector<std::string>> topics = {};
    std::optional<Partitions> owned = {};
    std::optional<std::string> instance = {};
    std::optional<std::string> regex = {};
    std::optional<std::string> assignor = {};
    std::int32_t rebalance_timeout_ms = -1;
    std::int16_t version = 1;
    bool is_bare = false;
    std::optional<std::string> rack = {};
  };
  RequestToken beat(const Beat& beat);
  const wire::ConsumerGroupHeartbeatResponse& beaten(RequestToken token) const {
    return answer<wire::ConsumerGroupHeartbeatResponse>(token);
  }
  wire::KafkaError beat_error(const Beat& beat);
  wire::ConsumerGroupDescribeResponse::DescribedGroup describe_consumer_group(
      const std::string& group = "g");

  struct Commit {
    std::string group = "g";
    std::string member = {};
    std::int32_t generation = -1;
    std::string topic = "t";
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::optional<std::string> metadata = "";
    std::optional<std::string> instance = std::nullopt;
    std::int32_t leader_epoch = -1;
    std::int16_t version = 9;
  };
  RequestToken commit(const Commit& commit);
  /// What a test says of a TxnOffsetCommit.
  struct TransactionalCommitOf {
    std::int64_t producer = 1;
    std::string group = "g";
    std::string member = {};
    std::int32_t generation = -1;
    std::string topic = "t";
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::optional<std::string> metadata = "";
    std::optional<std::string> instance = std::nullopt;
    std::int16_t epoch = 0;
  };
  RequestToken commit_in_transaction(const TransactionalCommitOf& commit);
  /// A marker for the partition that keeps the group's offsets, or for another one.
  RequestToken end_transaction(std::int64_t producer, wire::TransactionResult result,
                               const std::string& group = "g");
  RequestToken end_transaction_in(PartitionId partition, std::int64_t producer,
                                  wire::TransactionResult result);
  PartitionId partition_of(const std::string& group) const;
  RequestToken fetch(const wire::OffsetFetchRequest& request, std::int16_t version);
  RequestToken describe(const std::string& group, std::int16_t version = 6);
  RequestToken list(const wire::ListGroupsRequest& request = {}, std::int16_t version = 5);
  RequestToken delete_groups(std::vector<std::string> groups);
  RequestToken delete_offsets(const std::string& group, const std::string& topic,
                              std::vector<std::int32_t> partitions);
  /// Makes a topic, or gives it as many partitions.
  void make_topic(const std::string& topic, std::int32_t partitions);
  void delete_topic(const std::string& topic);
  const GroupTopics& topics() const { return topics_; }
  TopicIdPartition partition_id(const std::string& topic, std::int32_t partition) const;

  // ---- answers ----

  bool is_answered(RequestToken token) const { return replies_.contains(token); }
  std::size_t answer_count() const { return replies_.size(); }
  template <class Response>
  const Response& answer(RequestToken token) const {
    const auto found = replies_.find(token);
    CHECK(found != replies_.end(), "request {} is not answered", token);
    return std::get<Response>(found->second);
  }
  const wire::JoinGroupResponse& joined(RequestToken token) const {
    return answer<wire::JoinGroupResponse>(token);
  }
  const wire::SyncGroupResponse& synced(RequestToken token) const {
    return answer<wire::SyncGroupResponse>(token);
  }
  /// The error of the one partition that commit() asks for.
  wire::KafkaError commit_error(RequestToken token) const;
  wire::KafkaError transactional_commit_error(RequestToken token) const;
  wire::KafkaError heartbeat_error(RequestToken token) const;
  /// What OffsetFetch with require_stable says of t-0 or another partition.
  wire::OffsetFetchResponse::OffsetFetchResponsePartitions fetch_stable(
      const std::string& group = "g", const std::string& topic = "t", std::int32_t partition = 0);
  /// What the group committed for t-0 or another partition; -1 when nothing.
  std::int64_t committed(const std::string& group, const std::string& topic = "t",
                         std::int32_t partition = 0);

  // ---- the way there ----

  /// Joins dynamic members one after another and gives them a stable generation. Their ids.
  std::vector<std::string> make_stable(std::size_t members);
  /// Asks for a member id, as clients do, and says what it is.
  std::string new_member_id(const Join& join);

  // ---- time and log ----

  Instant now() const { return now_; }
  /// Lets time pass, stopping at every deadline on the way.
  void advance(Millis time);

  bool holds_appends = false;
  std::size_t held_appends() const { return held_.size(); }
  const std::deque<LogAppend>& held() const { return held_; }
  /// Lets the oldest held append succeed, or fail.
  void acknowledge(wire::KafkaError error = wire::KafkaError::kNone);
  void acknowledge_all();
  /// All records that were appended with success, in order.
  std::vector<LogRecord> log() const;

  GroupCoordinator& coordinator() { return *coordinator_; }
  const CoordinatorState& state() const { return coordinator_->state(); }
  /// Null when there is none.
  const Group* group(const std::string& id = "g") const;
  const ConsumerGroup* consumer_group(const std::string& id = "g") const;
  /// A new coordinator that has read the log.
  std::unique_ptr<GroupCoordinator> replayed() const;
  /// Ends this coordinator as a crash does, and lets the next one read the log.
  void restart();

 private:
  RequestToken next_token() { return RequestToken{++last_token_}; }
  void absorb(GroupEffects effects);

  GroupConfig config_;
  std::unique_ptr<GroupCoordinator> coordinator_;
  Instant now_{MonotonicTime{} + std::chrono::hours{1}, Timestamp{1'700'000'000'000}};
  std::uint64_t last_token_ = 0;
  std::map<RequestToken, GroupResponse> replies_;
  std::deque<LogAppend> held_;
  std::vector<LogAppend> log_;
  GroupTopics topics_;
  Random ids_{77};  // of topics
};

/// Groups and offsets of a coordinator as text, for comparing: what a replay must bring back.
std::string picture_of(const CoordinatorState& state);

}  // namespace millrace::broker
