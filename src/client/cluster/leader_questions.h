// LeaderQuestions: one question for each of many partitions, put to their leaders, and again where
// the leader has moved or is not known yet, until each has its answer.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "client/cluster/backoff.h"
#include "client/cluster/cluster.h"
#include "model/topic_partition.h"
#include "wire/error_codes.h"

namespace millrace::client {

/// What a kind of question is: its messages, what is asked of a partition, and what is answered.
///   Request, Response, PartitionResponse   the messages
///   Asked, Answer                          what is asked of a partition; the answer without errors
///   kVerb                                  for errors: "offset of", "delete records of"
///   ask(request, partition, asked, epoch)  puts it into the request, partition after partition
///   topics_in(response)                    its topics, each with a name and its partitions
///   read(partition_response)               -> Answer
///   versions()                             in which it can be asked; optional
template <class Kind>
class LeaderQuestions : public std::enable_shared_from_this<LeaderQuestions<Kind>> {
 public:
  using Request = typename Kind::Request;
  using Response = typename Kind::Response;
  using Questions = std::map<TopicPartition, typename Kind::Asked>;
  using Answers = std::map<TopicPartition, Result<typename Kind::Answer>>;

  /// cluster  outlives the questions, and is called on its loop
  /// done     called once, with an answer or an error for each partition
  static void ask(Cluster& cluster, Kind kind, Questions questions, MonotonicTime deadline,
                  std::function<void(Answers)> done) {
    // Kept alive by the callbacks that hold it.
    std::shared_ptr<LeaderQuestions> one(new LeaderQuestions(
        cluster, std::move(kind), std::move(questions), deadline, std::move(done)));
    one->run();
  }

 private:
  // A broker of many hears late of a topic that was just created, the later the busier it is: one
  // that stays unknown for this long does not exist.
  static constexpr Millis kUnknownTopicGrace{2'000};

  LeaderQuestions(Cluster& cluster, Kind kind, Questions questions, MonotonicTime deadline,
                  std::function<void(Answers)> done)
      : cluster_(cluster),
        cluster_watch_(cluster.watch()),
        kind_(std::move(kind)),
        wanted_(std::move(questions)),
        unknown_until_(std::min(deadline, cluster.loop().now() + kUnknownTopicGrace)),
        deadline_(deadline),
        done_(std::move(done)) {}

  void run() {
    std::map<BrokerId, Request> requests;
    leaderless_.clear();
    for (auto entry = wanted_.begin(); entry != wanted_.end();) {
      const auto leader = cluster_.metadata().leader(entry->first);
      if (leader) {
        kind_.ask(requests[leader->broker], entry->first, entry->second, leader->epoch);
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
      cluster_.call<Request, Response>(
          broker, Lane::kMain, std::move(request), timeout,
          [self = this->shared_from_this()](Result<Response> answer) {
            self->on_answer(std::move(answer));
          },
          versions());
    }
  }

  wire::VersionRange versions() const {
    if constexpr (requires { kind_.versions(); }) return kind_.versions();
    return versions_by_name<Request>();
  }

  std::optional<Error> why_no_leader(const TopicPartition& partition) const {
    const TopicMetadata* const topic = cluster_.metadata().topic(partition.topic);
    if (topic == nullptr) return std::nullopt;
    const std::string context = fmt::format("{} {}", Kind::kVerb, partition);
    if (topic->error != wire::KafkaError::kNone) {
      const bool is_final =
          !wire::is_retriable(topic->error) || cluster_.loop().now() >= unknown_until_;
      if (!is_final) return std::nullopt;
      return wire::make_error(topic->error, context);
    }
    if (static_cast<std::size_t>(partition.partition.value()) < topic->partitions.size()) {
      return std::nullopt;
    }
    return wire::make_error(wire::KafkaError::kUnknownTopicOrPartition, context);
  }

  void on_answer(Result<Response> answer) {
    if (answer.ok()) {
      for (const auto& topic : Kind::topics_in(*answer)) {
        for (const auto& each : topic.partitions) take(topic.name, each);
      }
    } else {
      last_error_ = answer.error();
    }
    if (--outstanding_ == 0) finish_round();
  }

  void take(const std::string& topic, const typename Kind::PartitionResponse& each) {
    const TopicPartition partition{topic, PartitionId{each.partition_index}};
    const auto code = static_cast<wire::KafkaError>(each.error_code);
    if (code == wire::KafkaError::kNone) {
      found_.emplace(partition, kind_.read(each));
    } else {
      const Error error = wire::make_error(code, context_of(partition, each));
      if (wire::is_retriable(code)) {
        last_error_ = error;
        return;
      }
      found_.emplace(partition, error);
    }
    wanted_.erase(partition);
  }

  static std::string context_of(const TopicPartition& partition,
                                const typename Kind::PartitionResponse& each) {
    std::string context = fmt::format("{} {}", Kind::kVerb, partition);
    if constexpr (requires { each.error_message; }) {
      if (each.error_message && !each.error_message->empty()) context += ": " + *each.error_message;
    }
    return context;
  }

  void finish_round() {
    if (wanted_.empty()) return done_(std::move(found_));
    if (cluster_watch_.is_over()) return fail_the_rest(last_error_);
    const Millis delay = next_delay(cluster_.config().retry_backoff, tries_++, cluster_.random());
    if (!wire::is_retriable(last_error_) || cluster_.loop().now() + delay >= deadline_) {
      return fail_the_rest(last_error_);
    }
    const auto again = [self = this->shared_from_this()](const Status& status) {
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
    for (const auto& [partition, asked] : wanted_) found_.emplace(partition, error);
    done_(std::move(found_));
  }

  Cluster& cluster_;
  const Lifetime::Watch cluster_watch_;
  const Kind kind_;
  Questions wanted_;
  MonotonicTime unknown_until_;  // until then a topic that nobody knows may be about to be known
  MonotonicTime deadline_;
  std::function<void(Answers)> done_;
  Answers found_;
  std::vector<std::string> leaderless_;  // topics of the round under way
  std::size_t outstanding_ = 0;
  int tries_ = 0;
  Error last_error_{ErrorCode::kTimeout, "no leader was found in time"};
};

}  // namespace millrace::client
