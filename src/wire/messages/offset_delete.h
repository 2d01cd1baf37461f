// OffsetDelete (key 47): forgets offsets that a group has committed. It has no flexible version.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct OffsetDeleteRequest {
  static constexpr std::string_view kName = "OffsetDeleteRequest";
  static constexpr ApiKey kApiKey = ApiKey::kOffsetDelete;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  struct OffsetDeleteRequestPartition {
    std::int32_t partition_index = 0;

    bool operator==(const OffsetDeleteRequestPartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetDeleteRequestPartition::partition_index, Field{"partition_index"});
    }
  };

  struct OffsetDeleteRequestTopic {
    std::string name;
    std::vector<OffsetDeleteRequestPartition> partitions;

    bool operator==(const OffsetDeleteRequestTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetDeleteRequestTopic::name, Field{"name"});
      visit(&OffsetDeleteRequestTopic::partitions, Field{"partitions"});
    }
  };

  std::string group_id;
  std::vector<OffsetDeleteRequestTopic> topics;

  bool operator==(const OffsetDeleteRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&OffsetDeleteRequest::group_id, Field{"group_id"});
    visit(&OffsetDeleteRequest::topics, Field{"topics"});
  }
};

struct OffsetDeleteResponse {
  static constexpr std::string_view kName = "OffsetDeleteResponse";
  static constexpr ApiKey kApiKey = ApiKey::kOffsetDelete;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  struct OffsetDeleteResponsePartition {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;

    bool operator==(const OffsetDeleteResponsePartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetDeleteResponsePartition::partition_index, Field{"partition_index"});
      visit(&OffsetDeleteResponsePartition::error_code, Field{"error_code"});
    }
  };

  struct OffsetDeleteResponseTopic {
    std::string name;
    std::vector<OffsetDeleteResponsePartition> partitions;

    bool operator==(const OffsetDeleteResponseTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetDeleteResponseTopic::name, Field{"name"});
      visit(&OffsetDeleteResponseTopic::partitions, Field{"partitions"});
    }
  };

  std::int16_t error_code = 0;
  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetDeleteResponseTopic> topics;

  bool operator==(const OffsetDeleteResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&OffsetDeleteResponse::error_code, Field{"error_code"});
    visit(&OffsetDeleteResponse::throttle_time_ms, Field{"throttle_time_ms"}.ignorable());
    visit(&OffsetDeleteResponse::topics, Field{"topics"});
  }
};

}  // namespace millrace::wire
