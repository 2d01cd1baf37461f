// OffsetCommit (key 8): remembers how far a group has read.
// v5 drops the retention time, v6 adds leader epochs, v7 static members, v8 is flexible, v10 names
// topics by id alone.
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

struct OffsetCommitRequest {
  static constexpr std::string_view kName = "OffsetCommitRequest";
  static constexpr ApiKey kApiKey = ApiKey::kOffsetCommit;
  static constexpr VersionRange kVersions{2, 10};
  static constexpr std::int16_t kFlexibleSince = 8;

  struct OffsetCommitRequestPartition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::int64_t commit_timestamp = -1;
    std::optional<std::string> committed_metadata = std::string{};

    bool operator==(const OffsetCommitRequestPartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetCommitRequestPartition::partition_index, Field{"partition_index"});
      visit(&OffsetCommitRequestPartition::committed_offset, Field{"committed_offset"});
      visit(&OffsetCommitRequestPartition::committed_leader_epoch,
            Field{"committed_leader_epoch"}.since(6).ignorable());
      visit(&OffsetCommitRequestPartition::commit_timestamp, Field{"commit_timestamp"}.until(1));
      visit(&OffsetCommitRequestPartition::committed_metadata,
            Field{"committed_metadata"}.nullable());
    }
  };

  struct OffsetCommitRequestTopic {
    std::string name;
    Uuid topic_id;
    std::vector<OffsetCommitRequestPartition> partitions;

    bool operator==(const OffsetCommitRequestTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetCommitRequestTopic::name, Field{"name"}.until(9).ignorable());
      visit(&OffsetCommitRequestTopic::topic_id, Field{"topic_id"}.since(10).ignorable());
      visit(&OffsetCommitRequestTopic::partitions, Field{"partitions"});
    }
  };

  std::string group_id;
  std::int32_t generation_id_or_member_epoch = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::int64_t retention_time_ms = -1;
  std::vector<OffsetCommitRequestTopic> topics;

  bool operator==(const OffsetCommitRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&OffsetCommitRequest::group_id, Field{"group_id"});
    visit(&OffsetCommitRequest::generation_id_or_member_epoch,
          Field{"generation_id_or_member_epoch"}.ignorable());
    visit(&OffsetCommitRequest::member_id, Field{"member_id"}.ignorable());
    visit(&OffsetCommitRequest::group_instance_id, Field{"group_instance_id"}.since(7).nullable());
    visit(&OffsetCommitRequest::retention_time_ms, Field{"retention_time_ms"}.until(4).ignorable());
    visit(&OffsetCommitRequest::topics, Field{"topics"});
  }
};

struct OffsetCommitResponse {
  static constexpr std::string_view kName = "OffsetCommitResponse";
  static constexpr ApiKey kApiKey = ApiKey::kOffsetCommit;
  static constexpr VersionRange kVersions{2, 10};
  static constexpr std::int16_t kFlexibleSince = 8;

  struct OffsetCommitResponsePartition {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;

    bool operator==(const OffsetCommitResponsePartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetCommitResponsePartition::partition_index, Field{"partition_index"});
      visit(&OffsetCommitResponsePartition::error_code, Field{"error_code"});
    }
  };

  struct OffsetCommitResponseTopic {
    std::string name;
    Uuid topic_id;
    std::vector<OffsetCommitResponsePartition> partitions;

    bool operator==(const OffsetCommitResponseTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetCommitResponseTopic::name, Field{"name"}.until(9).ignorable());
      visit(&OffsetCommitResponseTopic::topic_id, Field{"topic_id"}.since(10).ignorable());
      visit(&OffsetCommitResponseTopic::partitions, Field{"partitions"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetCommitResponseTopic> topics;

  bool operator==(const OffsetCommitResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&OffsetCommitResponse::throttle_time_ms, Field{"throttle_time_ms"}.since(3).ignorable());
    visit(&OffsetCommitResponse::topics, Field{"topics"});
  }
};

}  // namespace millrace::wire
