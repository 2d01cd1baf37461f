// ElectLeaders (key 43): has partitions choose their leader anew, the preferred or any live
// replica. v1 adds the kind of election and an error for the whole, v2 is flexible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct ElectLeadersRequest {
  static constexpr std::string_view kName = "ElectLeadersRequest";
  static constexpr ApiKey kApiKey = ApiKey::kElectLeaders;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 2;

  struct TopicPartitions {
    std::string topic;
    std::vector<std::int32_t> partitions;

    bool operator==(const TopicPartitions&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicPartitions::topic, Field{"topic"});
      visit(&TopicPartitions::partitions, Field{"partitions"});
    }
  };

  std::int8_t election_type = 0;
  std::optional<std::vector<TopicPartitions>> topic_partitions = std::vector<TopicPartitions>{};
  std::int32_t timeout_ms = 60000;

  bool operator==(const ElectLeadersRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ElectLeadersRequest::election_type, Field{"election_type"}.since(1));
    visit(&ElectLeadersRequest::topic_partitions, Field{"topic_partitions"}.nullable());
    visit(&ElectLeadersRequest::timeout_ms, Field{"timeout_ms"});
  }
};

struct ElectLeadersResponse {
  static constexpr std::string_view kName = "ElectLeadersResponse";
  static constexpr ApiKey kApiKey = ApiKey::kElectLeaders;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 2;

  struct PartitionResult {
    std::int32_t partition_id = 0;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message = std::string{};

    bool operator==(const PartitionResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&PartitionResult::partition_id, Field{"partition_id"});
      visit(&PartitionResult::error_code, Field{"error_code"});
      visit(&PartitionResult::error_message, Field{"error_message"}.nullable());
    }
  };

  struct ReplicaElectionResult {
    std::string topic;
    std::vector<PartitionResult> partition_result;

    bool operator==(const ReplicaElectionResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ReplicaElectionResult::topic, Field{"topic"});
      visit(&ReplicaElectionResult::partition_result, Field{"partition_result"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::vector<ReplicaElectionResult> replica_election_results;

  bool operator==(const ElectLeadersResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ElectLeadersResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&ElectLeadersResponse::error_code, Field{"error_code"}.since(1));
    visit(&ElectLeadersResponse::replica_election_results, Field{"replica_election_results"});
  }
};

}  // namespace millrace::wire
