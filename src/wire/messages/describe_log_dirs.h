// DescribeLogDirs (key 35): a broker's log directories with the size of each partition in them.
// v2 is flexible, v3 has an error for the whole, v4 the room on the disk, v5 says whether a
// directory is cordoned.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct DescribeLogDirsRequest {
  static constexpr std::string_view kName = "DescribeLogDirsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeLogDirs;
  static constexpr VersionRange kVersions{1, 5};
  static constexpr std::int16_t kFlexibleSince = 2;

  struct DescribableLogDirTopic {
    std::string topic;
    std::vector<std::int32_t> partitions;

    bool operator==(const DescribableLogDirTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DescribableLogDirTopic::topic, Field{"topic"});
      visit(&DescribableLogDirTopic::partitions, Field{"partitions"});
    }
  };

  std::optional<std::vector<DescribableLogDirTopic>> topics = std::vector<DescribableLogDirTopic>{};

  bool operator==(const DescribeLogDirsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeLogDirsRequest::topics, Field{"topics"}.nullable());
  }
};

struct DescribeLogDirsResponse {
  static constexpr std::string_view kName = "DescribeLogDirsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeLogDirs;
  static constexpr VersionRange kVersions{1, 5};
  static constexpr std::int16_t kFlexibleSince = 2;

  struct DescribeLogDirsPartition {
    std::int32_t partition_index = 0;
    std::int64_t partition_size = 0;
    std::int64_t offset_lag = 0;
    bool is_future_key = false;

    bool operator==(const DescribeLogDirsPartition&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = DescribeLogDirsPartition;
      visit(&S::partition_index, Field{"partition_index"});
      visit(&S::partition_size, Field{"partition_size"});
      visit(&S::offset_lag, Field{"offset_lag"});
      visit(&S::is_future_key, Field{"is_future_key"});
    }
  };

  struct DescribeLogDirsTopic {
    std::string name;
    std::vector<DescribeLogDirsPartition> partitions;

    bool operator==(const DescribeLogDirsTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DescribeLogDirsTopic::name, Field{"name"});
      visit(&DescribeLogDirsTopic::partitions, Field{"partitions"});
    }
  };

  struct DescribeLogDirsResult {
    std::int16_t error_code = 0;
    std::string log_dir;
    std::vector<DescribeLogDirsTopic> topics;
    std::int64_t total_bytes = -1;
    std::int64_t usable_bytes = -1;
    bool is_cordoned = false;

    bool operator==(const DescribeLogDirsResult&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = DescribeLogDirsResult;
      visit(&S::error_code, Field{"error_code"});
      visit(&S::log_dir, Field{"log_dir"});
      visit(&S::topics, Field{"topics"});
      visit(&S::total_bytes, Field{"total_bytes"}.since(4).ignorable());
      visit(&S::usable_bytes, Field{"usable_bytes"}.since(4).ignorable());
      visit(&S::is_cordoned, Field{"is_cordoned"}.since(5).ignorable());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::vector<DescribeLogDirsResult> results;

  bool operator==(const DescribeLogDirsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeLogDirsResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&DescribeLogDirsResponse::error_code, Field{"error_code"}.since(3).ignorable());
    visit(&DescribeLogDirsResponse::results, Field{"results"});
  }
};

}  // namespace millrace::wire
