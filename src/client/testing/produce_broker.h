// ProduceBroker: just enough of a broker for a producer: every topic has two partitions here, and
// a test says what becomes of each batch.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "client/testing/listening_thread.h"
#include "model/topic_partition.h"
#include "wire/batch_header.h"
#include "wire/error_codes.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/metadata.h"
#include "wire/messages/produce.h"
#include "wire/record_batch.h"

namespace millrace::client {

/// thread  every function from the test's
class ProduceBroker {
 public:
  static constexpr std::int32_t kPartitions = 2;
  /// What becomes of a batch; kNone: it is written.
  using Judge = std::function<wire::KafkaError(const wire::BatchHeader&)>;

  explicit ProduceBroker(io::Env& env)
      : thread_(env, "produce-broker",
                [this](io::Connection& to, const wire::RequestHeader& header, ByteReader body) {
                  answer(to, header, body);
                }) {}

  const io::Endpoint& endpoint() const { return thread_.endpoint(); }
  /// Asked for each batch, on the broker's thread.
  void judge_by(Judge judge) {
    thread_.run([&] { judge_ = std::move(judge); });
  }
  /// Answers to produce requests wait from now on, until release().
  void hold() {
    thread_.run([this] { is_holding_ = true; });
  }
  void release() {
    thread_.run([this] {
      is_holding_ = false;
      for (const auto& answer : std::exchange(held_, {})) answer();
    });
  }
  /// How another API is answered, on the broker's thread; of produce alone the versions count.
  using Handler = std::function<void(io::Connection&, const wire::RequestHeader&, ByteReader&)>;
  void serve(wire::ApiKey api, wire::VersionRange versions, Handler handler = {}) {
    thread_.run([&] {
      versions_[api] = versions;
      handlers_[api] = std::move(handler);
    });
  }
  void finalize(const std::string& feature, std::int16_t level) {
    thread_.run([&] { features_[feature] = level; });
  }
  /// What was asked so far, as "EndTxn v5", without what every connection begins with.
  std::vector<std::string> heard() {
    std::vector<std::string> copy;
    thread_.run([&] { copy = heard_; });
    return copy;
  }
  void forget_heard() {
    thread_.run([&] { heard_.clear(); });
  }
  /// Values in the order of their offsets.
  std::vector<std::string> values(const std::string& topic, std::int32_t partition) {
    return logs_.with([&](auto& logs) { return logs[{topic, PartitionId{partition}}]; });
  }

 private:
  using Logs = std::map<TopicPartition, std::vector<std::string>>;

  void answer(io::Connection& to, const wire::RequestHeader& header, ByteReader body) {
    const bool is_prelude =
        header.api_key == wire::ApiKey::kApiVersions || header.api_key == wire::ApiKey::kMetadata;
    if (!is_prelude) {
      heard_.push_back(
          fmt::format("{} v{}", wire::api_key_name(header.api_key), header.api_version));
    }
    if (const auto handler = handlers_.find(header.api_key);
        handler != handlers_.end() && handler->second) {
      return handler->second(to, header, body);
    }
    switch (header.api_key) {
      case wire::ApiKey::kApiVersions:
        return send_answer(to, header, versions());
      case wire::ApiKey::kMetadata:
        return send_answer(to, header, metadata(request_in<wire::MetadataRequest>(body, header)));
      case wire::ApiKey::kInitProducerId:
        return send_answer(to, header, producer_id());
      default: {
        auto answered = produce(request_in<wire::ProduceRequest>(body, header));
        auto reply = [&to, header, answered] { send_answer(to, header, answered); };
        if (!is_holding_) return reply();
        held_.push_back(std::move(reply));
      }
    }
  }

  wire::ApiVersionsResponse versions() const {
    wire::ApiVersionsResponse versions;
    for (const auto& [key, range] : versions_) {
      versions.api_keys.push_back({.api_key = static_cast<std::int16_t>(key),
                                   .min_version = range.min,
                                   .max_version = range.max});
    }
    versions.finalized_features_epoch = 1;
    for (const auto& [name, level] : features_) {
      versions.finalized_features.push_back(
          {.name = name, .max_version_level = level, .min_version_level = 1});
    }
    return versions;
  }
  wire::MetadataResponse metadata(const wire::MetadataRequest& asked) const {
    wire::MetadataResponse metadata;
    metadata.brokers.push_back(
        {.node_id = 1, .host = endpoint().host, .port = endpoint().port, .rack = std::nullopt});
    for (const auto& each : *asked.topics) {
      wire::MetadataResponse::MetadataResponseTopic topic;
      topic.name = each.name;
      for (std::int32_t id = 0; id < kPartitions; ++id) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = id;
        partition.leader_id = 1;
      }
      metadata.topics.push_back(std::move(topic));
    }
    return metadata;
  }
  wire::InitProducerIdResponse producer_id() {
    wire::InitProducerIdResponse made;
    made.producer_id = ++ids_given_;
    return made;
  }
  wire::ProduceResponse produce(const wire::ProduceRequest& asked) {
    wire::ProduceResponse response;
    for (const auto& topic : asked.topic_data) {
      response.responses.push_back({.name = topic.name, .topic_id = {}, .partition_responses = {}});
      for (const auto& part : topic.partition_data) {
        wire::ProduceResponse::PartitionProduceResponse answered;
        answered.index = part.index;
        const auto header = wire::check_batch(part.records.bytes);
        EXPECT_TRUE(header.ok()) << header.error().message;
        const wire::KafkaError verdict = judge_(*header);
        answered.error_code = static_cast<std::int16_t>(verdict);
        if (verdict == wire::KafkaError::kNone) {
          answered.base_offset = append({topic.name, PartitionId{part.index}}, part.records.bytes);
        }
        response.responses.back().partition_responses.push_back(answered);
      }
    }
    return response;
  }
  std::int64_t append(const TopicPartition& to, std::string_view batch) {
    return logs_.with([&](Logs& logs) {
      auto& log = logs[to];
      const auto base = static_cast<std::int64_t>(log.size());
      Buffer scratch;
      auto reader = wire::BatchReader::open(batch, scratch);
      EXPECT_TRUE(reader.ok());
      RecordView record;
      while (reader->next(record)) log.emplace_back(record.value.value_or(""));
      return base;
    });
  }

  Guarded<Logs> logs_;
  // On the loop:
  std::map<wire::ApiKey, wire::VersionRange> versions_{{wire::ApiKey::kApiVersions, {3, 3}},
                                                       {wire::ApiKey::kMetadata, {12, 12}},
                                                       {wire::ApiKey::kInitProducerId, {4, 4}},
                                                       {wire::ApiKey::kProduce, {9, 9}}};
  std::map<wire::ApiKey, Handler> handlers_;
  std::map<std::string, std::int16_t> features_;
  std::vector<std::string> heard_;
  Judge judge_ = [](const wire::BatchHeader&) { return wire::KafkaError::kNone; };
  bool is_holding_ = false;
  std::vector<std::function<void()>> held_;
  std::int64_t ids_given_ = 0;
  ListeningThread thread_;
};

}  // namespace millrace::client
