// TxnOffsetCommit (key 28): offsets of a group that count once the transaction commits.
// v2 adds leader epochs, v3 the member and is flexible, v4 lets the answer be
// TRANSACTION_ABORTABLE, v5 makes the group part of the transaction by itself (KIP-890), v6 names
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

struct TxnOffsetCommitRequest {
  static constexpr std::string_view kName = "TxnOffsetCommitRequest";
  static constexpr ApiKey kApiKey = ApiKey::kTxnOffsetCommit;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr std::int16_t kFlexibleSince = 3;

  struct TxnOffsetCommitRequestPartition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string> committed_metadata = std::string{};

    bool operator==(const TxnOffsetCommitRequestPartition&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = TxnOffsetCommitRequestPartition;
      visit(&S::partition_index, Field{"partition_index"});
      visit(&S::committed_offset, Field{"committed_offset"});
      visit(&S::committed_leader_epoch, Field{"committed_leader_epoch"}.since(2).ignorable());
      visit(&S::committed_metadata, Field{"committed_metadata"}.nullable());
    }
  };

  struct TxnOffsetCommitRequestTopic {
    std::string name;
    Uuid topic_id;
    std::vector<TxnOffsetCommitRequestPartition> partitions;

    bool operator==(const TxnOffsetCommitRequestTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TxnOffsetCommitRequestTopic::name, Field{"name"}.until(5).ignorable());
      visit(&TxnOffsetCommitRequestTopic::topic_id, Field{"topic_id"}.since(6).ignorable());
      visit(&TxnOffsetCommitRequestTopic::partitions, Field{"partitions"});
    }
  };

  std::string transactional_id;
  std::string group_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::int32_t generation_id_or_member_epoch = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::vector<TxnOffsetCommitRequestTopic> topics;

  bool operator==(const TxnOffsetCommitRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = TxnOffsetCommitRequest;
    visit(&S::transactional_id, Field{"transactional_id"});
    visit(&S::group_id, Field{"group_id"});
    visit(&S::producer_id, Field{"producer_id"});
    visit(&S::producer_epoch, Field{"producer_epoch"});
    visit(&S::generation_id_or_member_epoch, Field{"generation_id_or_member_epoch"}.since(3));
    visit(&S::member_id, Field{"member_id"}.since(3));
    visit(&S::group_instance_id, Field{"group_instance_id"}.since(3).nullable());
    visit(&S::topics, Field{"topics"});
  }
};

struct TxnOffsetCommitResponse {
  static constexpr std::string_view kName = "TxnOffsetCommitResponse";
  static constexpr ApiKey kApiKey = ApiKey::kTxnOffsetCommit;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr std::int16_t kFlexibleSince = 3;

  struct TxnOffsetCommitResponsePartition {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;

    bool operator==(const TxnOffsetCommitResponsePartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TxnOffsetCommitResponsePartition::partition_index, Field{"partition_index"});
      visit(&TxnOffsetCommitResponsePartition::error_code, Field{"error_code"});
    }
  };

  struct TxnOffsetCommitResponseTopic {
    std::string name;
    Uuid topic_id;
    std::vector<TxnOffsetCommitResponsePartition> partitions;

    bool operator==(const TxnOffsetCommitResponseTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TxnOffsetCommitResponseTopic::name, Field{"name"}.until(5).ignorable());
      visit(&TxnOffsetCommitResponseTopic::topic_id, Field{"topic_id"}.since(6).ignorable());
      visit(&TxnOffsetCommitResponseTopic::partitions, Field{"partitions"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<TxnOffsetCommitResponseTopic> topics;

  bool operator==(const TxnOffsetCommitResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&TxnOffsetCommitResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&TxnOffsetCommitResponse::topics, Field{"topics"});
  }
};

}  // namespace millrace::wire
