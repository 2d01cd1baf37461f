// Produce (key 0): record batches to append, one batch a partition.
// v3 is the oldest whose batches are of magic 2; v0 to v2 are advertised for the sake of
// librdkafka, which reads codec support out of the range, and are refused when they come. v9 is
// flexible, v10 adds leader hints, v12 lets a transaction take in partitions by itself, v13 names
// topics by id alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/uuid.h"
#include "wire/api_key.h"
#include "wire/field.h"
#include "wire/records.h"

namespace millrace::wire {

struct ProduceRequest {
  static constexpr std::string_view kName = "ProduceRequest";
  static constexpr ApiKey kApiKey = ApiKey::kProduce;
  static constexpr VersionRange kVersions{3, 13};
  static constexpr std::int16_t kFlexibleSince = 9;

  struct PartitionProduceData {
    std::int32_t index = 0;
    Records records;

    bool operator==(const PartitionProduceData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&PartitionProduceData::index, Field{"index"});
      visit(&PartitionProduceData::records, Field{"records"}.nullable());
    }
  };

  struct TopicProduceData {
    std::string name;
    Uuid topic_id;
    std::vector<PartitionProduceData> partition_data;

    bool operator==(const TopicProduceData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicProduceData::name, Field{"name"}.until(12).ignorable());
      visit(&TopicProduceData::topic_id, Field{"topic_id"}.since(13).ignorable());
      visit(&TopicProduceData::partition_data, Field{"partition_data"});
    }
  };

  std::optional<std::string> transactional_id;
  std::int16_t acks = 0;
  std::int32_t timeout_ms = 0;
  std::vector<TopicProduceData> topic_data;

  bool operator==(const ProduceRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ProduceRequest::transactional_id, Field{"transactional_id"}.nullable());
    visit(&ProduceRequest::acks, Field{"acks"});
    visit(&ProduceRequest::timeout_ms, Field{"timeout_ms"});
    visit(&ProduceRequest::topic_data, Field{"topic_data"});
  }
};

struct ProduceResponse {
  static constexpr std::string_view kName = "ProduceResponse";
  static constexpr ApiKey kApiKey = ApiKey::kProduce;
  static constexpr VersionRange kVersions{3, 13};
  static constexpr std::int16_t kFlexibleSince = 9;

  struct BatchIndexAndErrorMessage {
    std::int32_t batch_index = 0;
    std::optional<std::string> batch_index_error_message;

    bool operator==(const BatchIndexAndErrorMessage&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&BatchIndexAndErrorMessage::batch_index, Field{"batch_index"}.since(8));
      visit(&BatchIndexAndErrorMessage::batch_index_error_message,
            Field{"batch_index_error_message"}.since(8).nullable());
    }
  };

  struct LeaderIdAndEpoch {
    std::int32_t leader_id = -1;
    std::int32_t leader_epoch = -1;

    bool operator==(const LeaderIdAndEpoch&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&LeaderIdAndEpoch::leader_id, Field{"leader_id"}.since(10));
      visit(&LeaderIdAndEpoch::leader_epoch, Field{"leader_epoch"}.since(10));
    }
  };

  struct PartitionProduceResponse {
    std::int32_t index = 0;
    std::int16_t error_code = 0;
    std::int64_t base_offset = 0;
    std::int64_t log_append_time_ms = -1;
    std::int64_t log_start_offset = -1;
    std::vector<BatchIndexAndErrorMessage> record_errors;
    std::optional<std::string> error_message;
    LeaderIdAndEpoch current_leader;

    bool operator==(const PartitionProduceResponse&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&PartitionProduceResponse::index, Field{"index"});
      visit(&PartitionProduceResponse::error_code, Field{"error_code"});
      visit(&PartitionProduceResponse::base_offset, Field{"base_offset"});
      visit(&PartitionProduceResponse::log_append_time_ms, Field{"log_append_time_ms"}.ignorable());
      visit(&PartitionProduceResponse::log_start_offset,
            Field{"log_start_offset"}.since(5).ignorable());
      visit(&PartitionProduceResponse::record_errors, Field{"record_errors"}.since(8).ignorable());
      visit(&PartitionProduceResponse::error_message,
            Field{"error_message"}.since(8).nullable().ignorable());
      visit(&PartitionProduceResponse::current_leader, Field{"current_leader"}.tagged(0).since(10));
    }
  };

  struct TopicProduceResponse {
    std::string name;
    Uuid topic_id;
    std::vector<PartitionProduceResponse> partition_responses;

    bool operator==(const TopicProduceResponse&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicProduceResponse::name, Field{"name"}.until(12).ignorable());
      visit(&TopicProduceResponse::topic_id, Field{"topic_id"}.since(13).ignorable());
      visit(&TopicProduceResponse::partition_responses, Field{"partition_responses"});
    }
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    bool operator==(const NodeEndpoint&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&NodeEndpoint::node_id, Field{"node_id"}.since(10));
      visit(&NodeEndpoint::host, Field{"host"}.since(10));
      visit(&NodeEndpoint::port, Field{"port"}.since(10));
      visit(&NodeEndpoint::rack, Field{"rack"}.since(10).nullable());
    }
  };

  std::vector<TopicProduceResponse> responses;
  std::int32_t throttle_time_ms = 0;
  std::vector<NodeEndpoint> node_endpoints;

  bool operator==(const ProduceResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ProduceResponse::responses, Field{"responses"});
    visit(&ProduceResponse::throttle_time_ms, Field{"throttle_time_ms"}.ignorable());
    visit(&ProduceResponse::node_endpoints, Field{"node_endpoints"}.tagged(0).since(10));
  }
};

}  // namespace millrace::wire
