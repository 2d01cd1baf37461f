// ListOffsets (key 2): the offset that belongs to a timestamp, or to an end of the log.
// Timestamps below zero have a meaning: -1 latest, -2 earliest, -3 largest timestamp (v7), -4
// earliest local (v8), -5 latest tiered (v9), -6 earliest pending upload (v11). v6 is flexible.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct ListOffsetsRequest {
  static constexpr std::string_view kName = "ListOffsetsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kListOffsets;
  static constexpr VersionRange kVersions{1, 11};
  static constexpr std::int16_t kFlexibleSince = 6;

  struct ListOffsetsPartition {
    std::int32_t partition_index = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t timestamp = 0;
    std::int32_t max_num_offsets = 1;

    bool operator==(const ListOffsetsPartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ListOffsetsPartition::partition_index, Field{"partition_index"});
      visit(&ListOffsetsPartition::current_leader_epoch,
            Field{"current_leader_epoch"}.since(4).ignorable());
      visit(&ListOffsetsPartition::timestamp, Field{"timestamp"});
      visit(&ListOffsetsPartition::max_num_offsets, Field{"max_num_offsets"}.until(0));
    }
  };

  struct ListOffsetsTopic {
    std::string name;
    std::vector<ListOffsetsPartition> partitions;

    bool operator==(const ListOffsetsTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ListOffsetsTopic::name, Field{"name"});
      visit(&ListOffsetsTopic::partitions, Field{"partitions"});
    }
  };

  std::int32_t replica_id = 0;
  std::int8_t isolation_level = 0;
  std::vector<ListOffsetsTopic> topics;
  std::int32_t timeout_ms = 0;

  bool operator==(const ListOffsetsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ListOffsetsRequest::replica_id, Field{"replica_id"});
    visit(&ListOffsetsRequest::isolation_level, Field{"isolation_level"}.since(2));
    visit(&ListOffsetsRequest::topics, Field{"topics"});
    visit(&ListOffsetsRequest::timeout_ms, Field{"timeout_ms"}.since(10).ignorable());
  }
};

struct ListOffsetsResponse {
  static constexpr std::string_view kName = "ListOffsetsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kListOffsets;
  static constexpr VersionRange kVersions{1, 11};
  static constexpr std::int16_t kFlexibleSince = 6;

  struct ListOffsetsPartitionResponse {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;
    std::vector<std::int64_t> old_style_offsets;
    std::int64_t timestamp = -1;
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;

    bool operator==(const ListOffsetsPartitionResponse&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ListOffsetsPartitionResponse::partition_index, Field{"partition_index"});
      visit(&ListOffsetsPartitionResponse::error_code, Field{"error_code"});
      visit(&ListOffsetsPartitionResponse::old_style_offsets, Field{"old_style_offsets"}.until(0));
      visit(&ListOffsetsPartitionResponse::timestamp, Field{"timestamp"});
      visit(&ListOffsetsPartitionResponse::offset, Field{"offset"});
      visit(&ListOffsetsPartitionResponse::leader_epoch, Field{"leader_epoch"}.since(4));
    }
  };

  struct ListOffsetsTopicResponse {
    std::string name;
    std::vector<ListOffsetsPartitionResponse> partitions;

    bool operator==(const ListOffsetsTopicResponse&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ListOffsetsTopicResponse::name, Field{"name"});
      visit(&ListOffsetsTopicResponse::partitions, Field{"partitions"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<ListOffsetsTopicResponse> topics;

  bool operator==(const ListOffsetsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ListOffsetsResponse::throttle_time_ms, Field{"throttle_time_ms"}.since(2).ignorable());
    visit(&ListOffsetsResponse::topics, Field{"topics"});
  }
};

}  // namespace millrace::wire
