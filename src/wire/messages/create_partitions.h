// CreatePartitions (key 37): raises the number of a topic's partitions. v2 is flexible, v3 lets the
// answer be THROTTLING_QUOTA_EXCEEDED.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct CreatePartitionsRequest {
  static constexpr std::string_view kName = "CreatePartitionsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kCreatePartitions;
  static constexpr VersionRange kVersions{0, 3};
  static constexpr std::int16_t kFlexibleSince = 2;

  struct CreatePartitionsAssignment {
    std::vector<std::int32_t> broker_ids;

    bool operator==(const CreatePartitionsAssignment&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&CreatePartitionsAssignment::broker_ids, Field{"broker_ids"});
    }
  };

  struct CreatePartitionsTopic {
    std::string name;
    std::int32_t count = 0;
    std::optional<std::vector<CreatePartitionsAssignment>> assignments =
        std::vector<CreatePartitionsAssignment>{};

    bool operator==(const CreatePartitionsTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&CreatePartitionsTopic::name, Field{"name"});
      visit(&CreatePartitionsTopic::count, Field{"count"});
      visit(&CreatePartitionsTopic::assignments, Field{"assignments"}.nullable());
    }
  };

  std::vector<CreatePartitionsTopic> topics;
  std::int32_t timeout_ms = 0;
  bool validate_only = false;

  bool operator==(const CreatePartitionsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&CreatePartitionsRequest::topics, Field{"topics"});
    visit(&CreatePartitionsRequest::timeout_ms, Field{"timeout_ms"});
    visit(&CreatePartitionsRequest::validate_only, Field{"validate_only"});
  }
};

struct CreatePartitionsResponse {
  static constexpr std::string_view kName = "CreatePartitionsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kCreatePartitions;
  static constexpr VersionRange kVersions{0, 3};
  static constexpr std::int16_t kFlexibleSince = 2;

  struct CreatePartitionsTopicResult {
    std::string name;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message;

    bool operator==(const CreatePartitionsTopicResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&CreatePartitionsTopicResult::name, Field{"name"});
      visit(&CreatePartitionsTopicResult::error_code, Field{"error_code"});
      visit(&CreatePartitionsTopicResult::error_message, Field{"error_message"}.nullable());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<CreatePartitionsTopicResult> results;

  bool operator==(const CreatePartitionsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&CreatePartitionsResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&CreatePartitionsResponse::results, Field{"results"});
  }
};

}  // namespace millrace::wire
