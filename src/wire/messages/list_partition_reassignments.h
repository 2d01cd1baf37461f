// ListPartitionReassignments (key 46): moves of partitions that are under way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct ListPartitionReassignmentsRequest {
  static constexpr std::string_view kName = "ListPartitionReassignmentsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kListPartitionReassignments;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct ListPartitionReassignmentsTopics {
    std::string name;
    std::vector<std::int32_t> partition_indexes;

    bool operator==(const ListPartitionReassignmentsTopics&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ListPartitionReassignmentsTopics::name, Field{"name"});
      visit(&ListPartitionReassignmentsTopics::partition_indexes, Field{"partition_indexes"});
    }
  };

  std::int32_t timeout_ms = 60000;
  std::optional<std::vector<ListPartitionReassignmentsTopics>> topics;

  bool operator==(const ListPartitionReassignmentsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ListPartitionReassignmentsRequest::timeout_ms, Field{"timeout_ms"});
    visit(&ListPartitionReassignmentsRequest::topics, Field{"topics"}.nullable());
  }
};

struct ListPartitionReassignmentsResponse {
  static constexpr std::string_view kName = "ListPartitionReassignmentsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kListPartitionReassignments;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct OngoingPartitionReassignment {
    std::int32_t partition_index = 0;
    std::vector<std::int32_t> replicas;
    std::vector<std::int32_t> adding_replicas;
    std::vector<std::int32_t> removing_replicas;

    bool operator==(const OngoingPartitionReassignment&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = OngoingPartitionReassignment;
      visit(&S::partition_index, Field{"partition_index"});
      visit(&S::replicas, Field{"replicas"});
      visit(&S::adding_replicas, Field{"adding_replicas"});
      visit(&S::removing_replicas, Field{"removing_replicas"});
    }
  };

  struct OngoingTopicReassignment {
    std::string name;
    std::vector<OngoingPartitionReassignment> partitions;

    bool operator==(const OngoingTopicReassignment&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OngoingTopicReassignment::name, Field{"name"});
      visit(&OngoingTopicReassignment::partitions, Field{"partitions"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message = std::string{};
  std::vector<OngoingTopicReassignment> topics;

  bool operator==(const ListPartitionReassignmentsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = ListPartitionReassignmentsResponse;
    visit(&S::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&S::error_code, Field{"error_code"});
    visit(&S::error_message, Field{"error_message"}.nullable());
    visit(&S::topics, Field{"topics"});
  }
};

}  // namespace millrace::wire
