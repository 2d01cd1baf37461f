// Metadata (key 3): brokers, topics and who leads each partition.
// Topics null asks for all; in v0, which has no null, an empty list does. v4 can ask not to create
// topics, v9 is flexible, v12 asks by topic id, v13 adds an error of the whole answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/uuid.h"
#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct MetadataRequest {
  static constexpr std::string_view kName = "MetadataRequest";
  static constexpr ApiKey kApiKey = ApiKey::kMetadata;
  static constexpr VersionRange kVersions{0, 13};
  static constexpr std::int16_t kFlexibleSince = 9;

  struct MetadataRequestTopic {
    Uuid topic_id;
    std::optional<std::string> name = std::string{};

    bool operator==(const MetadataRequestTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&MetadataRequestTopic::topic_id, Field{"topic_id"}.since(10).ignorable());
      visit(&MetadataRequestTopic::name, Field{"name"}.nullable(10));
    }
  };

  std::optional<std::vector<MetadataRequestTopic>> topics = std::vector<MetadataRequestTopic>{};
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  bool operator==(const MetadataRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&MetadataRequest::topics, Field{"topics"}.nullable(1));
    visit(&MetadataRequest::allow_auto_topic_creation, Field{"allow_auto_topic_creation"}.since(4));
    visit(&MetadataRequest::include_cluster_authorized_operations,
          Field{"include_cluster_authorized_operations"}.only(8, 10));
    visit(&MetadataRequest::include_topic_authorized_operations,
          Field{"include_topic_authorized_operations"}.since(8));
  }
};

struct MetadataResponse {
  static constexpr std::string_view kName = "MetadataResponse";
  static constexpr ApiKey kApiKey = ApiKey::kMetadata;
  static constexpr VersionRange kVersions{0, 13};
  static constexpr std::int16_t kFlexibleSince = 9;

  struct MetadataResponseBroker {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    bool operator==(const MetadataResponseBroker&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&MetadataResponseBroker::node_id, Field{"node_id"});
      visit(&MetadataResponseBroker::host, Field{"host"});
      visit(&MetadataResponseBroker::port, Field{"port"});
      visit(&MetadataResponseBroker::rack, Field{"rack"}.since(1).nullable().ignorable());
    }
  };

  struct MetadataResponsePartition {
    std::int16_t error_code = 0;
    std::int32_t partition_index = 0;
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = -1;
    std::vector<std::int32_t> replica_nodes;
    std::vector<std::int32_t> isr_nodes;
    std::vector<std::int32_t> offline_replicas;

    bool operator==(const MetadataResponsePartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&MetadataResponsePartition::error_code, Field{"error_code"});
      visit(&MetadataResponsePartition::partition_index, Field{"partition_index"});
      visit(&MetadataResponsePartition::leader_id, Field{"leader_id"});
      visit(&MetadataResponsePartition::leader_epoch, Field{"leader_epoch"}.since(7).ignorable());
      visit(&MetadataResponsePartition::replica_nodes, Field{"replica_nodes"});
      visit(&MetadataResponsePartition::isr_nodes, Field{"isr_nodes"});
      visit(&MetadataResponsePartition::offline_replicas,
            Field{"offline_replicas"}.since(5).ignorable());
    }
  };

  struct MetadataResponseTopic {
    std::int16_t error_code = 0;
    std::optional<std::string> name = std::string{};
    Uuid topic_id;
    bool is_internal = false;
    std::vector<MetadataResponsePartition> partitions;
    std::int32_t topic_authorized_operations = INT32_MIN;

    bool operator==(const MetadataResponseTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&MetadataResponseTopic::error_code, Field{"error_code"});
      visit(&MetadataResponseTopic::name, Field{"name"}.nullable(12));
      visit(&MetadataResponseTopic::topic_id, Field{"topic_id"}.since(10).ignorable());
      visit(&MetadataResponseTopic::is_internal, Field{"is_internal"}.since(1).ignorable());
      visit(&MetadataResponseTopic::partitions, Field{"partitions"});
      visit(&MetadataResponseTopic::topic_authorized_operations,
            Field{"topic_authorized_operations"}.since(8));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<MetadataResponseBroker> brokers;
  std::optional<std::string> cluster_id;
  std::int32_t controller_id = -1;
  std::vector<MetadataResponseTopic> topics;
  std::int32_t cluster_authorized_operations = INT32_MIN;
  std::int16_t error_code = 0;

  bool operator==(const MetadataResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&MetadataResponse::throttle_time_ms, Field{"throttle_time_ms"}.since(3).ignorable());
    visit(&MetadataResponse::brokers, Field{"brokers"});
    visit(&MetadataResponse::cluster_id, Field{"cluster_id"}.since(2).nullable().ignorable());
    visit(&MetadataResponse::controller_id, Field{"controller_id"}.since(1).ignorable());
    visit(&MetadataResponse::topics, Field{"topics"});
    visit(&MetadataResponse::cluster_authorized_operations,
          Field{"cluster_authorized_operations"}.only(8, 10));
    visit(&MetadataResponse::error_code, Field{"error_code"}.since(13).ignorable());
  }
};

}  // namespace millrace::wire
