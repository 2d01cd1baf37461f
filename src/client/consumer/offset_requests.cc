#include "client/consumer/offset_requests.h"

#include <algorithm>

#include "wire/messages/list_offsets.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_fetch.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

// A broker of many hears late of a topic that was just created, the later the busier it is: one
// that stays unknown for this long does not exist.
constexpr Millis kUnknownTopicGrace{2'000};

// One list_offsets() under way; kept alive by the callbacks that hold it.
class OffsetListing : public std::enable_shared_from_this<OffsetListing> {
 public:
  OffsetListing(Cluster& cluster, std::map<TopicPartition, std::int64_t> wanted,
                IsolationLevel isolation, MonotonicTime deadline,
                std::function<void(ListedOffsets)> done)
      : cluster_(cluster),
        cluster_watch_(cluster.watch()),
        wanted_(std::move(wanted)),
        isolation_(isolation),
        unknown_until_(std::min(deadline, cluster.loop().now() + kUnknownTopicGrace)),
        deadline_(deadline),
        done_(std::move(done)) {}

  void run() {
    std::map<BrokerId, wire::ListOffsetsRequest> requests;
    leaderless_.clear();
    for (auto entry = wanted_.begin(); entry != wanted_.end();) {
      const auto leader = cluster_.metadata().leader(entry->first);
      if (leader) {
        add(requests[leader->broker], entry->first, entry->second, leader->epoch);
        ++entry;
      } else if (auto error = why_no_leader(entry->first)) {
        found_.emplace(entry->first, std::move(*error));
        entry = wanted_.erase(entry);
      } else {
        leaderless_.push_back(entry->first.topic);
        ++entry;
      }
    }
    outstanding_ = requests.size();
    if (requests.empty()) return finish_round();
    const auto left = std::chrono::ceil<Millis>(deadline_ - cluster_.loop().now());
    const Millis timeout = std::max(Millis{1}, std::min(left, cluster_.config().request_timeout));
    for (auto& [broker, request] : requests) {
      cluster_.call<wire::ListOffsetsRequest, wire::ListOffsetsResponse>(
          broker, Lane::kMain, std::move(request), timeout,
          [self = shared_from_this()](Result<wire::ListOffsetsResponse> answer) {
            self->on_answer(std::move(answer));
          });
    }
  }

 private:
  void add(wire::ListOffsetsRequest& request, const TopicPartition& partition,
           std::int64_t timestamp, LeaderEpoch epoch) const {
    request.replica_id = -1;
    request.isolation_level = static_cast<std::int8_t>(isolation_);
    if (request.topics.empty() || request.topics.back().name != partition.topic) {
      request.topics.push_back({.name = partition.topic, .partitions = {}});
    }
    wire::ListOffsetsRequest::ListOffsetsPartition part;
    part.partition_index = partition.partition.value();
    part.current_leader_epoch = epoch.value();
    part.timestamp = timestamp;
    request.topics.back().partitions.push_back(part);
  }

  std::optional<Error> why_no_leader(const TopicPartition& partition) const {
    const TopicMetadata* const topic = cluster_.metadata().topic(partition.topic);
    if (topic == nullptr) return std::nullopt;
    const std::string context = fmt::format("offset of {}", partition);
    if (topic->error != KafkaError::kNone) {
      const bool is_final =
          !wire::is_retriable(topic->error) || cluster_.loop().now() >= unknown_until_;
      if (!is_final) return std::nullopt;
      return wire::make_error(topic->error, context);
    }
    if (static_cast<std::size_t>(partition.partition.value()) < topic->partitions.size()) {
      return std::nullopt;
    }
    return wire::make_error(KafkaError::kUnknownTopicOrPartition, context);
  }

  void on_answer(Result<wire::ListOffsetsResponse> answer) {
    if (answer.ok()) {
      for (const auto& topic : answer->topics) {
        for (const auto& each : topic.partitions) take(topic.name, each);
      }
    } else {
      last_error_ = answer.error();
    }
    if (--outstanding_ == 0) finish_round();
  }

  void take(const std::string& topic,
            const wire::ListOffsetsResponse::ListOffsetsPartitionResponse& each) {
    const TopicPartition partition{topic, PartitionId{each.partition_index}};
    const auto code = static_cast<KafkaError>(each.error_code);
    if (code == KafkaError::kNone) {
      found_.emplace(partition, ListedOffset{Offset{each.offset}, Timestamp{each.timestamp},
                                             LeaderEpoch{each.leader_epoch}});
    } else {
      const Error error = wire::make_error(code, fmt::format("offset of {}", partition));
      if (wire::is_retriable(code)) {
        last_error_ = error;
        return;
      }
      found_.emplace(partition, error);
    }
    wanted_.erase(partition);
  }

  void finish_round() {
    if (wanted_.empty()) return done_(std::move(found_));
    if (cluster_watch_.is_over()) return fail_the_rest(last_error_);
    const Millis delay = next_delay(cluster_.config().retry_backoff, tries_++, cluster_.random());
    const bool is_final = last_error_.code == ErrorCode::kUnsupported;
    if (is_final || cluster_.loop().now() + delay >= deadline_) {
      return fail_the_rest(last_error_);
    }
    const auto again = [self = shared_from_this()](const Status& status) {
      if (status.ok() || status.error().code != ErrorCode::kClosed) return self->run();
      self->fail_the_rest(status.error());
    };
    // Leaders can turn up before the backoff is over; other errors take their time.
    if (leaderless_.empty()) {
      cluster_.refresh_metadata();
      cluster_.call_later(delay, again);
    } else {
      cluster_.await_topics(leaderless_, cluster_.loop().now() + delay, again);
    }
  }

  void fail_the_rest(const Error& error) {
    for (const auto& [partition, timestamp] : wanted_) found_.emplace(partition, error);
    done_(std::move(found_));
  }

  Cluster& cluster_;
  const Lifetime::Watch cluster_watch_;
  std::map<TopicPartition, std::int64_t> wanted_;
  IsolationLevel isolation_;
  MonotonicTime unknown_until_;  // until then a topic that nobody knows may be about to be known
  MonotonicTime deadline_;
  std::function<void(ListedOffsets)> done_;
  ListedOffsets found_;
  std::vector<std::string> leaderless_;  // topics of the round under way
  std::size_t outstanding_ = 0;
  int tries_ = 0;
  Error last_error_{ErrorCode::kTimeout, "no leader was found in time"};
};

KafkaError first_error(const wire::OffsetFetchResponse& answer) {
  if (!answer.groups.empty() && answer.groups.front().error_code != 0) {
    return static_cast<KafkaError>(answer.groups.front().error_code);
  }
  if (answer.error_code != 0) return static_cast<KafkaError>(answer.error_code);
  const auto in_partitions = [](const auto& topics) {
    for (const auto& topic : topics) {
      for (const auto& each : topic.partitions) {
        if (each.error_code != 0) return static_cast<KafkaError>(each.error_code);
      }
    }
    return KafkaError::kNone;
  };
  if (answer.groups.empty()) return in_partitions(answer.topics);
  return in_partitions(answer.groups.front().topics);
}

template <class Topics>
CommittedOffsets committed_in(const Topics& topics) {
  CommittedOffsets committed;
  for (const auto& topic : topics) {
    for (const auto& each : topic.partitions) {
      if (each.committed_offset < 0) continue;
      committed[{topic.name, PartitionId{each.partition_index}}] = {
          Offset{each.committed_offset}, LeaderEpoch{each.committed_leader_epoch},
          each.metadata.value_or("")};
    }
  }
  return committed;
}

KafkaError first_error(const wire::OffsetCommitResponse& answer) {
  for (const auto& topic : answer.topics) {
    for (const auto& each : topic.partitions) {
      if (each.error_code != 0) return static_cast<KafkaError>(each.error_code);
    }
  }
  return KafkaError::kNone;
}

}  // namespace

void list_offsets(Cluster& cluster, std::map<TopicPartition, std::int64_t> wanted,
                  IsolationLevel isolation, MonotonicTime deadline,
                  std::function<void(ListedOffsets)> done) {
  std::make_shared<OffsetListing>(cluster, std::move(wanted), isolation, deadline, std::move(done))
      ->run();
}

void fetch_committed(Cluster& cluster, const std::string& group,
                     const std::optional<std::vector<TopicPartition>>& partitions,
                     MonotonicTime deadline, Done<CommittedOffsets> done) {
  using Request = wire::OffsetFetchRequest;
  Request::OffsetFetchRequestGroup asked;
  asked.group_id = group;
  asked.topics.reset();
  if (partitions) {
    std::map<std::string, std::vector<std::int32_t>> by_topic;
    for (const TopicPartition& each : *partitions) {
      by_topic[each.topic].push_back(each.partition.value());
    }
    asked.topics.emplace();
    for (auto& [topic, indexes] : by_topic) {
      asked.topics->push_back(
          {.name = topic, .topic_id = {}, .partition_indexes = std::move(indexes)});
    }
  }
  Request request;
  request.groups.push_back(std::move(asked));
  using Response = wire::OffsetFetchResponse;
  cluster.call_until<Request, Response>(
      Target::coordinator(CoordinatorKey::group(group)), std::move(request), deadline,
      [](const Response& answer) { return first_error(answer); },
      [group, done = std::move(done)](Result<Response> answer) {
        if (!answer.ok()) return done(answer.error());
        if (const auto code = first_error(*answer); code != KafkaError::kNone) {
          return done(wire::make_error(code, "committed offsets of group " + group));
        }
        done(answer->groups.empty() ? committed_in(answer->topics)
                                    : committed_in(answer->groups.front().topics));
      });
}

void commit_offsets(Cluster& cluster, const GroupMembership& membership,
                    const OffsetsToCommit& offsets, MonotonicTime deadline,
                    std::function<void(Status)> done) {
  wire::OffsetCommitRequest request;
  request.group_id = membership.group_id;
  request.generation_id_or_member_epoch = membership.generation;
  request.member_id = membership.member_id;
  request.group_instance_id = membership.group_instance_id;
  for (const auto& [partition, commit] : offsets) {
    if (request.topics.empty() || request.topics.back().name != partition.topic) {
      request.topics.push_back({.name = partition.topic, .topic_id = {}, .partitions = {}});
    }
    wire::OffsetCommitRequest::OffsetCommitRequestPartition part;
    part.partition_index = partition.partition.value();
    part.committed_offset = commit.offset.value();
    part.committed_leader_epoch = commit.leader_epoch.value();
    part.committed_metadata = commit.metadata;
    request.topics.back().partitions.push_back(std::move(part));
  }
  using Response = wire::OffsetCommitResponse;
  const std::string group = membership.group_id;
  cluster.call_until<wire::OffsetCommitRequest, Response>(
      Target::coordinator(CoordinatorKey::group(group)), std::move(request), deadline,
      [](const Response& answer) { return first_error(answer); },
      [group, done = std::move(done)](Result<Response> answer) {
        if (!answer.ok()) return done(answer.error());
        const auto code = first_error(*answer);
        if (code == KafkaError::kNone) return done({});
        done(wire::make_error(code, "commit of group " + group));
      });
}

}  // namespace millrace::client
