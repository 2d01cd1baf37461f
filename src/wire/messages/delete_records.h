// DeleteRecords (key 21): moves the start of partitions forward; what lies before it is gone.
// v1 says throttling differently and has the same bytes; v2 is flexible.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct DeleteRecordsRequest {
  static constexpr std::string_view kName = "DeleteRecordsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kDeleteRecords;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 2;

  struct DeleteRecordsPartition {
    std::int32_t partition_index = 0;
    std::int64_t offset = 0;  // the first one that stays; -1 is the high watermark

    bool operator==(const DeleteRecordsPartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DeleteRecordsPartition::partition_index, Field{"partition_index"});
      visit(&DeleteRecordsPartition::offset, Field{"offset"});
    }
  };

  struct DeleteRecordsTopic {
    std::string name;
    std::vector<DeleteRecordsPartition> partitions;

    bool operator==(const DeleteRecordsTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DeleteRecordsTopic::name, Field{"name"});
      visit(&DeleteRecordsTopic::partitions, Field{"partitions"});
    }
  };

  std::vector<DeleteRecordsTopic> topics;
  std::int32_t timeout_ms = 0;

  bool operator==(const DeleteRecordsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DeleteRecordsRequest::topics, Field{"topics"});
    visit(&DeleteRecordsRequest::timeout_ms, Field{"timeout_ms"});
  }
};

struct DeleteRecordsResponse {
  static constexpr std::string_view kName = "DeleteRecordsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kDeleteRecords;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 2;

  struct DeleteRecordsPartitionResult {
    std::int32_t partition_index = 0;
    std::int64_t low_watermark = 0;  // where the partition begins now; -1 with an error
    std::int16_t error_code = 0;

    bool operator==(const DeleteRecordsPartitionResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DeleteRecordsPartitionResult::partition_index, Field{"partition_index"});
      visit(&DeleteRecordsPartitionResult::low_watermark, Field{"low_watermark"});
      visit(&DeleteRecordsPartitionResult::error_code, Field{"error_code"});
    }
  };

  struct DeleteRecordsTopicResult {
    std::string name;
    std::vector<DeleteRecordsPartitionResult> partitions;

    bool operator==(const DeleteRecordsTopicResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DeleteRecordsTopicResult::name, Field{"name"});
      visit(&DeleteRecordsTopicResult::partitions, Field{"partitions"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DeleteRecordsTopicResult> topics;

  bool operator==(const DeleteRecordsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DeleteRecordsResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&DeleteRecordsResponse::topics, Field{"topics"});
  }
};

}  // namespace millrace::wire
