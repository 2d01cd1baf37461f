// GroupBroker: a broker that coordinates one group of the consumer protocol as a test says. Its
// partitions are empty: what is fetched stays unanswered.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/testing/produce_broker.h"
#include "model/uuid.h"
#include "wire/messages/consumer_group_heartbeat.h"
#include "wire/messages/fetch.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_fetch.h"

namespace millrace::client {

/// thread  every function from the test's
class GroupBroker {
 public:
  using Heartbeat = wire::ConsumerGroupHeartbeatRequest;
  using Commit = wire::OffsetCommitRequest;
  /// The assignment of all members: partitions by topic.
  using Dealt = std::map<std::string, std::vector<std::int32_t>>;

  static constexpr Millis kInterval{20};  // of heartbeats

  explicit GroupBroker(io::Env& env) : broker_(env) {
    serve<wire::FindCoordinatorRequest>({0, 4}, [this](const auto& asked) {
      wire::FindCoordinatorResponse response;
      auto& found = response.coordinators.emplace_back();
      found.key = asked.coordinator_keys.front();
      found.node_id = 1;
      found.host = broker_.endpoint().host;
      found.port = broker_.endpoint().port;
      return response;
    });
    serve<wire::MetadataRequest>({12, 13}, [this](const auto& asked) { return metadata(asked); });
    serve<Heartbeat>({0, 1}, [this](const auto& asked) {
      return state_.with([&](State& state) { return heartbeat(state, asked); });
    });
    serve<Commit>({2, 9}, [this](const auto& asked) {
      return state_.with([&](State& state) { return commit(state, asked); });
    });
    serve<wire::OffsetFetchRequest>({1, 9}, [](const auto& asked) {
      wire::OffsetFetchResponse response;
      auto& group = response.groups.emplace_back();
      group.group_id = asked.groups.front().group_id;
      return response;
    });
    serve<wire::ListOffsetsRequest>({1, 7}, [](const auto& asked) {
      wire::ListOffsetsResponse response;
      for (const auto& topic : asked.topics) {
        auto& told = response.topics.emplace_back();
        told.name = topic.name;
        for (const auto& part : topic.partitions) {
          auto& begins = told.partitions.emplace_back();
          begins.partition_index = part.partition_index;
          begins.offset = 0;
        }
      }
      return response;
    });
    broker_.serve(wire::ApiKey::kFetch, {4, 12},
                  [](io::Connection&, const wire::RequestHeader&, ByteReader&) {});
  }

  const io::Endpoint& endpoint() const { return broker_.endpoint(); }
  /// Topics are known by id; each has two partitions.
  static Uuid id_of(const std::string& topic) {
    Uuid id;
    std::copy_n(topic.begin(), std::min(topic.size(), id.bytes.size()), id.bytes.begin());
    return id;
  }
  /// From the next heartbeat on, in a new epoch.
  void deal(Dealt dealt) {
    state_.with([&](State& state) {
      state.dealt = std::move(dealt);
      state.is_news = true;
      ++state.epoch;
    });
  }
  /// The next heartbeats are answered by these.
  void refuse_heartbeats(std::deque<wire::KafkaError> errors) {
    state_.with([&](State& state) { state.heartbeat_errors = std::move(errors); });
  }
  /// The next commits are answered by these, after which they are taken.
  void refuse_commits(std::deque<wire::KafkaError> errors) {
    state_.with([&](State& state) { state.commit_errors = std::move(errors); });
  }
  /// An epoch begins with the next commit, which the member hears of with its next heartbeat.
  void bump_at_commit() {
    state_.with([](State& state) { state.bumps_at_commit = true; });
  }
  std::vector<Heartbeat> heartbeats() {
    return state_.with([](State& state) { return state.heartbeats; });
  }
  /// Those that were taken.
  std::vector<Commit> commits() {
    return state_.with([](State& state) { return state.commits; });
  }
  std::int32_t epoch() {
    return state_.with([](State& state) { return state.epoch; });
  }

 private:
  struct State {
    Dealt dealt;
    bool is_news = false;  // of dealt
    bool bumps_at_commit = false;
    std::int32_t epoch = 1;
    std::deque<wire::KafkaError> heartbeat_errors;
    std::deque<wire::KafkaError> commit_errors;
    std::vector<Heartbeat> heartbeats;
    std::vector<Commit> commits;
  };

  static wire::KafkaError next_of(std::deque<wire::KafkaError>& errors) {
    if (errors.empty()) return wire::KafkaError::kNone;
    const wire::KafkaError next = errors.front();
    errors.pop_front();
    return next;
  }
  wire::MetadataResponse metadata(const wire::MetadataRequest& asked) const {
    wire::MetadataResponse metadata;
    metadata.brokers.push_back(
        {.node_id = 1, .host = endpoint().host, .port = endpoint().port, .rack = std::nullopt});
    for (const auto& each : *asked.topics) {
      wire::MetadataResponse::MetadataResponseTopic topic;
      topic.name = each.name ? *each.name : name_of(each.topic_id);
      topic.topic_id = id_of(*topic.name);
      for (std::int32_t id = 0; id < ProduceBroker::kPartitions; ++id) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = id;
        partition.leader_id = 1;
      }
      metadata.topics.push_back(std::move(topic));
    }
    return metadata;
  }
  static std::string name_of(const Uuid& id) {
    const std::string padded(id.bytes.begin(), id.bytes.end());
    return padded.substr(0, padded.find('\0'));
  }
  static wire::ConsumerGroupHeartbeatResponse heartbeat(State& state, const Heartbeat& asked) {
    state.heartbeats.push_back(asked);
    wire::ConsumerGroupHeartbeatResponse response;
    response.error_code = static_cast<std::int16_t>(next_of(state.heartbeat_errors));
    if (response.error_code != 0) return response;
    response.member_id = asked.member_id;
    response.heartbeat_interval_ms = static_cast<std::int32_t>(kInterval.count());
    response.member_epoch = asked.member_epoch < 0 ? asked.member_epoch : state.epoch;
    if (asked.member_epoch == 0) state.is_news = true;
    if (asked.member_epoch < 0 || !std::exchange(state.is_news, false)) return response;
    auto& assignment = response.assignment.emplace();
    for (const auto& [topic, partitions] : state.dealt) {
      assignment.topic_partitions.push_back({id_of(topic), partitions});
    }
    return response;
  }
  static wire::OffsetCommitResponse commit(State& state, const Commit& asked) {
    if (std::exchange(state.bumps_at_commit, false)) ++state.epoch;
    const bool is_stale = asked.generation_id_or_member_epoch != state.epoch;
    wire::KafkaError error = next_of(state.commit_errors);
    if (error == wire::KafkaError::kNone && is_stale) error = wire::KafkaError::kStaleMemberEpoch;
    if (error == wire::KafkaError::kNone) state.commits.push_back(asked);
    wire::OffsetCommitResponse response;
    for (const auto& topic : asked.topics) {
      auto& told = response.topics.emplace_back();
      told.name = topic.name;
      for (const auto& part : topic.partitions) {
        told.partitions.push_back({part.partition_index, static_cast<std::int16_t>(error)});
      }
    }
    return response;
  }
  template <class Request, class Respond>
  void serve(wire::VersionRange versions, Respond respond) {
    broker_.serve(
        Request::kApiKey, versions,
        [respond](io::Connection& to, const wire::RequestHeader& header, ByteReader& reader) {
          send_answer(to, header, respond(request_in<Request>(reader, header)));
        });
  }

  Guarded<State> state_;
  ProduceBroker broker_;  // last: its handlers use the rest
};

}  // namespace millrace::client
