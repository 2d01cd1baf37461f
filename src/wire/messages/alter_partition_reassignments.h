// AlterPartitionReassignments (key 45): moves partitions to other brokers, or gives such a move up
// (replicas null). v1 can refuse moves that change the number of replicas.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct AlterPartitionReassignmentsRequest {
  static constexpr std::string_view kName = "AlterPartitionReassignmentsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kAlterPartitionReassignments;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct ReassignablePartition {
    std::int32_t partition_index = 0;
    std::optional<std::vector<std::int32_t>> replicas;

    bool operator==(const ReassignablePartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ReassignablePartition::partition_index, Field{"partition_index"});
      visit(&ReassignablePartition::replicas, Field{"replicas"}.nullable());
    }
  };

  struct ReassignableTopic {
    std::string name;
    std::vector<ReassignablePartition> partitions;

    bool operator==(const ReassignableTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ReassignableTopic::name, Field{"name"});
      visit(&ReassignableTopic::partitions, Field{"partitions"});
    }
  };

  std::int32_t timeout_ms = 60000;
  bool allow_replication_factor_change = true;
  std::vector<ReassignableTopic> topics;

  bool operator==(const AlterPartitionReassignmentsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&AlterPartitionReassignmentsRequest::timeout_ms, Field{"timeout_ms"});
    visit(&AlterPartitionReassignmentsRequest::allow_replication_factor_change,
          Field{"allow_replication_factor_change"}.since(1));
    visit(&AlterPartitionReassignmentsRequest::topics, Field{"topics"});
  }
};

struct AlterPartitionReassignmentsResponse {
  static constexpr std::string_view kName = "AlterPartitionReassignmentsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kAlterPartitionReassignments;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct ReassignablePartitionResponse {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message = std::string{};

    bool operator==(const ReassignablePartitionResponse&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ReassignablePartitionResponse::partition_index, Field{"partition_index"});
      visit(&ReassignablePartitionResponse::error_code, Field{"error_code"});
      visit(&ReassignablePartitionResponse::error_message, Field{"error_message"}.nullable());
    }
  };

  struct ReassignableTopicResponse {
    std::string name;
    std::vector<ReassignablePartitionResponse> partitions;

    bool operator==(const ReassignableTopicResponse&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ReassignableTopicResponse::name, Field{"name"});
      visit(&ReassignableTopicResponse::partitions, Field{"partitions"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  bool allow_replication_factor_change = true;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message = std::string{};
  std::vector<ReassignableTopicResponse> responses;

  bool operator==(const AlterPartitionReassignmentsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = AlterPartitionReassignmentsResponse;
    visit(&S::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&S::allow_replication_factor_change,
          Field{"allow_replication_factor_change"}.since(1).ignorable());
    visit(&S::error_code, Field{"error_code"});
    visit(&S::error_message, Field{"error_message"}.nullable());
    visit(&S::responses, Field{"responses"});
  }
};

}  // namespace millrace::wire
