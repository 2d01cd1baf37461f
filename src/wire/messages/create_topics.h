// CreateTopics (key 19): creates topics, each with its own outcome.
// Partition count and replication factor -1 stand for the broker's default (v4). v5 is flexible and
// answers with the configuration, v7 with the topic id.
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

struct CreateTopicsRequest {
  static constexpr std::string_view kName = "CreateTopicsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kCreateTopics;
  static constexpr VersionRange kVersions{2, 7};
  static constexpr std::int16_t kFlexibleSince = 5;

  struct CreatableReplicaAssignment {
    std::int32_t partition_index = 0;
    std::vector<std::int32_t> broker_ids;

    bool operator==(const CreatableReplicaAssignment&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&CreatableReplicaAssignment::partition_index, Field{"partition_index"});
      visit(&CreatableReplicaAssignment::broker_ids, Field{"broker_ids"});
    }
  };

  struct CreatableTopicConfig {
    std::string name;
    std::optional<std::string> value = std::string{};

    bool operator==(const CreatableTopicConfig&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&CreatableTopicConfig::name, Field{"name"});
      visit(&CreatableTopicConfig::value, Field{"value"}.nullable());
    }
  };

  struct CreatableTopic {
    std::string name;
    std::int32_t num_partitions = 0;
    std::int16_t replication_factor = 0;
    std::vector<CreatableReplicaAssignment> assignments;
    std::vector<CreatableTopicConfig> configs;

    bool operator==(const CreatableTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&CreatableTopic::name, Field{"name"});
      visit(&CreatableTopic::num_partitions, Field{"num_partitions"});
      visit(&CreatableTopic::replication_factor, Field{"replication_factor"});
      visit(&CreatableTopic::assignments, Field{"assignments"});
      visit(&CreatableTopic::configs, Field{"configs"});
    }
  };

  std::vector<CreatableTopic> topics;
  std::int32_t timeout_ms = 60000;
  bool validate_only = false;

  bool operator==(const CreateTopicsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&CreateTopicsRequest::topics, Field{"topics"});
    visit(&CreateTopicsRequest::timeout_ms, Field{"timeout_ms"});
    visit(&CreateTopicsRequest::validate_only, Field{"validate_only"});
  }
};

struct CreateTopicsResponse {
  static constexpr std::string_view kName = "CreateTopicsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kCreateTopics;
  static constexpr VersionRange kVersions{2, 7};
  static constexpr std::int16_t kFlexibleSince = 5;

  struct CreatableTopicConfigs {
    std::string name;
    std::optional<std::string> value = std::string{};
    bool read_only = false;
    std::int8_t config_source = -1;
    bool is_sensitive = false;

    bool operator==(const CreatableTopicConfigs&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&CreatableTopicConfigs::name, Field{"name"}.since(5));
      visit(&CreatableTopicConfigs::value, Field{"value"}.since(5).nullable());
      visit(&CreatableTopicConfigs::read_only, Field{"read_only"}.since(5));
      visit(&CreatableTopicConfigs::config_source, Field{"config_source"}.since(5).ignorable());
      visit(&CreatableTopicConfigs::is_sensitive, Field{"is_sensitive"}.since(5));
    }
  };

  struct CreatableTopicResult {
    std::string name;
    Uuid topic_id;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message = std::string{};
    std::int16_t topic_config_error_code = 0;
    std::int32_t num_partitions = -1;
    std::int16_t replication_factor = -1;
    std::optional<std::vector<CreatableTopicConfigs>> configs =
        std::vector<CreatableTopicConfigs>{};

    bool operator==(const CreatableTopicResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&CreatableTopicResult::name, Field{"name"});
      visit(&CreatableTopicResult::topic_id, Field{"topic_id"}.since(7).ignorable());
      visit(&CreatableTopicResult::error_code, Field{"error_code"});
      visit(&CreatableTopicResult::error_message, Field{"error_message"}.nullable().ignorable());
      visit(&CreatableTopicResult::topic_config_error_code,
            Field{"topic_config_error_code"}.tagged(0).since(5).ignorable());
      visit(&CreatableTopicResult::num_partitions, Field{"num_partitions"}.since(5).ignorable());
      visit(&CreatableTopicResult::replication_factor,
            Field{"replication_factor"}.since(5).ignorable());
      visit(&CreatableTopicResult::configs, Field{"configs"}.since(5).nullable().ignorable());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<CreatableTopicResult> topics;

  bool operator==(const CreateTopicsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&CreateTopicsResponse::throttle_time_ms, Field{"throttle_time_ms"}.ignorable());
    visit(&CreateTopicsResponse::topics, Field{"topics"});
  }
};

}  // namespace millrace::wire
