// FetchBroker: just enough of a broker for a fetcher, on a simulated host: one topic, whose
// partitions have no records unless a test says so, and one fetch session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/testing/request_listener.h"
#include "model/uuid.h"
#include "sim/sim_env.h"
#include "wire/error_codes.h"
#include "wire/messages/fetch.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/metadata.h"
#include "wire/messages/offset_for_leader_epoch.h"

namespace millrace::client {

/// What all brokers of a test say of the cluster.
struct FetchedTopic {
  std::string name = "t";
  Uuid id{{7}};
  std::int32_t partitions = 1;
  std::int32_t leader = 1;
  std::int32_t leader_epoch = 0;
  std::map<std::int32_t, io::Endpoint> brokers = {};  // by node
};

/// thread  the world's
class FetchBroker {
 public:
  using Asked = wire::FetchRequest::FetchPartition;
  using Told = wire::FetchResponse::PartitionData;

  static constexpr std::int32_t kSession = 5;

  /// topic  shared with the other brokers; outlives this
  FetchBroker(sim::SimEnv& host, FetchedTopic& topic, std::int32_t node = 1)
      : topic_(topic),
        loop_(host.make_loop()),
        listener_(*loop_, {host.host(), 9092},
                  [this](io::Connection& to, const wire::RequestHeader& header, ByteReader body) {
                    answer(to, header, body);
                  }) {
    topic_.brokers[node] = {host.host(), 9092};
  }

  /// Every Fetch, and how many bytes their bodies had.
  std::vector<wire::FetchRequest> fetches;
  std::size_t fetched_bytes = 0;
  std::vector<wire::ListOffsetsRequest> listings;
  std::vector<wire::OffsetForLeaderEpochRequest> epoch_questions;
  int metadata_requests = 0;
  std::int16_t fetch_version = 17;
  /// What is said of a partition; an answer in which one has records or an error leaves at once.
  std::function<void(const Asked&, Told&)> tell = [](const Asked&, Told&) {};
  /// What is said besides.
  std::function<void(wire::FetchResponse&)> amend = [](wire::FetchResponse&) {};
  /// Whether sessions are made, and known.
  bool keeps_sessions = true;
  wire::OffsetForLeaderEpochResponse::EpochEndOffset epoch_end = {};

 private:
  void answer(io::Connection& to, const wire::RequestHeader& header, ByteReader body) {
    switch (header.api_key) {
      case wire::ApiKey::kApiVersions:
        return send_answer(to, header,
                           speaks({{wire::ApiKey::kMetadata, 12},
                                   {wire::ApiKey::kListOffsets, 7},
                                   {wire::ApiKey::kOffsetForLeaderEpoch, 4},
                                   {wire::ApiKey::kFetch, fetch_version}}));
      case wire::ApiKey::kMetadata:
        ++metadata_requests;
        return send_answer(to, header, metadata());
      case wire::ApiKey::kListOffsets:
        listings.push_back(request_in<wire::ListOffsetsRequest>(body, header));
        return send_answer(to, header, offsets(listings.back()));
      case wire::ApiKey::kOffsetForLeaderEpoch:
        epoch_questions.push_back(request_in<wire::OffsetForLeaderEpochRequest>(body, header));
        return send_answer(to, header, epoch_ends(epoch_questions.back()));
      default:
        fetched_bytes += body.remaining();
        fetches.push_back(request_in<wire::FetchRequest>(body, header));
        return fetch(to, header, fetches.back());
    }
  }

  wire::MetadataResponse metadata() const {
    wire::MetadataResponse metadata;
    for (const auto& [node, at] : topic_.brokers) {
      metadata.brokers.push_back(
          {.node_id = node, .host = at.host, .port = at.port, .rack = std::nullopt});
    }
    auto& topic = metadata.topics.emplace_back();
    topic.name = topic_.name;
    topic.topic_id = topic_.id;
    for (std::int32_t index = 0; index < topic_.partitions; ++index) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = index;
      partition.leader_id = topic_.leader;
      partition.leader_epoch = topic_.leader_epoch;
    }
    return metadata;
  }
  wire::ListOffsetsResponse offsets(const wire::ListOffsetsRequest& asked) const {
    wire::ListOffsetsResponse response;
    for (const auto& topic : asked.topics) {
      auto& answers = response.topics.emplace_back();
      answers.name = topic.name;
      for (const auto& each : topic.partitions) {
        auto& answer = answers.partitions.emplace_back();
        answer.partition_index = each.partition_index;
        answer.offset = 0;
        answer.leader_epoch = topic_.leader_epoch;
      }
    }
    return response;
  }
  wire::OffsetForLeaderEpochResponse epoch_ends(
      const wire::OffsetForLeaderEpochRequest& asked) const {
    wire::OffsetForLeaderEpochResponse response;
    for (const auto& topic : asked.topics) {
      auto& answers = response.topics.emplace_back();
      answers.topic = topic.topic;
      for (const auto& each : topic.partitions) {
        answers.partitions.push_back(epoch_end);
        answers.partitions.back().partition = each.partition;
      }
    }
    return response;
  }

  void fetch(io::Connection& to, const wire::RequestHeader& header,
             const wire::FetchRequest& asked) {
    wire::FetchResponse response;
    const bool is_incremental = asked.session_epoch > 0;
    if (is_incremental && (!keeps_sessions || asked.session_id != kSession)) {
      response.error_code = code_of(wire::KafkaError::kFetchSessionIdNotFound);
      return send_answer(to, header, response);
    }
    const bool is_in_session = is_incremental || (asked.session_epoch == 0 && keeps_sessions);
    response.session_id = is_in_session ? kSession : 0;
    std::map<std::int32_t, Asked> outside;
    std::map<std::int32_t, Asked>& read = is_in_session ? session_ : outside;
    if (!is_incremental) read.clear();
    for (const auto& topic : asked.topics) {
      for (const auto& each : topic.partitions) read[each.partition] = each;
    }
    for (const auto& topic : asked.forgotten_topics_data) {
      for (const std::int32_t partition : topic.partitions) read.erase(partition);
    }
    const bool is_urgent = tell_of(read, is_incremental, response) || asked.session_epoch == 0;
    amend(response);
    if (is_urgent || asked.session_epoch < 0) return send_answer(to, header, response);
    loop_->call_after(Millis{asked.max_wait_ms},
                      [&to, header, response] { send_answer(to, header, response); });
  }
  bool tell_of(const std::map<std::int32_t, Asked>& read, bool is_incremental,
               wire::FetchResponse& response) const {
    bool is_urgent = false;
    auto& topic = response.responses.emplace_back();
    topic.topic = topic_.name;
    topic.topic_id = topic_.id;
    for (const auto& [partition, asked] : read) {
      Told told;
      told.partition_index = partition;
      tell(asked, told);
      const bool says_something = told.error_code != 0 || !told.records.empty() ||
                                  told.diverging_epoch.epoch >= 0 ||
                                  told.preferred_read_replica >= 0;
      is_urgent = is_urgent || says_something;
      if (says_something || !is_incremental) topic.partitions.push_back(std::move(told));
    }
    if (topic.partitions.empty()) response.responses.clear();
    return is_urgent;
  }

  FetchedTopic& topic_;
  std::unique_ptr<io::EventLoop> loop_;
  std::map<std::int32_t, Asked> session_;  // what it reads
  RequestListener listener_;
};

}  // namespace millrace::client
