// OffsetForLeaderEpoch (key 23): where the batches of a leader epoch end.
// Clients detect a truncated log by it. v4 is flexible.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct OffsetForLeaderEpochRequest {
  static constexpr std::string_view kName = "OffsetForLeaderEpochRequest";
  static constexpr ApiKey kApiKey = ApiKey::kOffsetForLeaderEpoch;
  static constexpr VersionRange kVersions{2, 4};
  static constexpr std::int16_t kFlexibleSince = 4;

  struct OffsetForLeaderPartition {
    std::int32_t partition = 0;
    std::int32_t current_leader_epoch = -1;
    std::int32_t leader_epoch = 0;

    bool operator==(const OffsetForLeaderPartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetForLeaderPartition::partition, Field{"partition"});
      visit(&OffsetForLeaderPartition::current_leader_epoch,
            Field{"current_leader_epoch"}.ignorable());
      visit(&OffsetForLeaderPartition::leader_epoch, Field{"leader_epoch"});
    }
  };

  struct OffsetForLeaderTopic {
    std::string topic;
    std::vector<OffsetForLeaderPartition> partitions;

    bool operator==(const OffsetForLeaderTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetForLeaderTopic::topic, Field{"topic"});
      visit(&OffsetForLeaderTopic::partitions, Field{"partitions"});
    }
  };

  std::int32_t replica_id = -2;
  std::vector<OffsetForLeaderTopic> topics;

  bool operator==(const OffsetForLeaderEpochRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&OffsetForLeaderEpochRequest::replica_id, Field{"replica_id"}.since(3).ignorable());
    visit(&OffsetForLeaderEpochRequest::topics, Field{"topics"});
  }
};

struct OffsetForLeaderEpochResponse {
  static constexpr std::string_view kName = "OffsetForLeaderEpochResponse";
  static constexpr ApiKey kApiKey = ApiKey::kOffsetForLeaderEpoch;
  static constexpr VersionRange kVersions{2, 4};
  static constexpr std::int16_t kFlexibleSince = 4;

  struct EpochEndOffset {
    std::int16_t error_code = 0;
    std::int32_t partition = 0;
    std::int32_t leader_epoch = -1;
    std::int64_t end_offset = -1;

    bool operator==(const EpochEndOffset&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&EpochEndOffset::error_code, Field{"error_code"});
      visit(&EpochEndOffset::partition, Field{"partition"});
      visit(&EpochEndOffset::leader_epoch, Field{"leader_epoch"}.ignorable());
      visit(&EpochEndOffset::end_offset, Field{"end_offset"});
    }
  };

  struct OffsetForLeaderTopicResult {
    std::string topic;
    std::vector<EpochEndOffset> partitions;

    bool operator==(const OffsetForLeaderTopicResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetForLeaderTopicResult::topic, Field{"topic"});
      visit(&OffsetForLeaderTopicResult::partitions, Field{"partitions"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetForLeaderTopicResult> topics;

  bool operator==(const OffsetForLeaderEpochResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&OffsetForLeaderEpochResponse::throttle_time_ms, Field{"throttle_time_ms"}.ignorable());
    visit(&OffsetForLeaderEpochResponse::topics, Field{"topics"});
  }
};

}  // namespace millrace::wire
