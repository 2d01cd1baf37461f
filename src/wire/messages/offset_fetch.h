// OffsetFetch (key 9): how far a group has read.
// Topics null asks for all (from v2). v6 is flexible; from v8 on one request asks for several
// groups and the fields of a single one are gone; v9 adds the member (KIP-848), v10 names topics by
// id alone.
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

struct OffsetFetchRequest {
  static constexpr std::string_view kName = "OffsetFetchRequest";
  static constexpr ApiKey kApiKey = ApiKey::kOffsetFetch;
  static constexpr VersionRange kVersions{1, 10};
  static constexpr std::int16_t kFlexibleSince = 6;

  struct OffsetFetchRequestTopic {
    std::string name;
    std::vector<std::int32_t> partition_indexes;

    bool operator==(const OffsetFetchRequestTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetFetchRequestTopic::name, Field{"name"}.until(7));
      visit(&OffsetFetchRequestTopic::partition_indexes, Field{"partition_indexes"}.until(7));
    }
  };

  struct OffsetFetchRequestTopics {
    std::string name;
    Uuid topic_id;
    std::vector<std::int32_t> partition_indexes;

    bool operator==(const OffsetFetchRequestTopics&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetFetchRequestTopics::name, Field{"name"}.only(8, 9).ignorable());
      visit(&OffsetFetchRequestTopics::topic_id, Field{"topic_id"}.since(10).ignorable());
      visit(&OffsetFetchRequestTopics::partition_indexes, Field{"partition_indexes"}.since(8));
    }
  };

  struct OffsetFetchRequestGroup {
    std::string group_id;
    std::optional<std::string> member_id;
    std::int32_t member_epoch = -1;
    std::optional<std::vector<OffsetFetchRequestTopics>> topics =
        std::vector<OffsetFetchRequestTopics>{};

    bool operator==(const OffsetFetchRequestGroup&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetFetchRequestGroup::group_id, Field{"group_id"}.since(8));
      visit(&OffsetFetchRequestGroup::member_id,
            Field{"member_id"}.since(9).nullable().ignorable());
      visit(&OffsetFetchRequestGroup::member_epoch, Field{"member_epoch"}.since(9).ignorable());
      visit(&OffsetFetchRequestGroup::topics, Field{"topics"}.since(8).nullable());
    }
  };

  std::string group_id;
  std::optional<std::vector<OffsetFetchRequestTopic>> topics =
      std::vector<OffsetFetchRequestTopic>{};
  std::vector<OffsetFetchRequestGroup> groups;
  bool require_stable = false;

  bool operator==(const OffsetFetchRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&OffsetFetchRequest::group_id, Field{"group_id"}.until(7));
    visit(&OffsetFetchRequest::topics, Field{"topics"}.until(7).nullable(2, 7));
    visit(&OffsetFetchRequest::groups, Field{"groups"}.since(8));
    visit(&OffsetFetchRequest::require_stable, Field{"require_stable"}.since(7));
  }
};

struct OffsetFetchResponse {
  static constexpr std::string_view kName = "OffsetFetchResponse";
  static constexpr ApiKey kApiKey = ApiKey::kOffsetFetch;
  static constexpr VersionRange kVersions{1, 10};
  static constexpr std::int16_t kFlexibleSince = 6;

  struct OffsetFetchResponsePartition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string> metadata = std::string{};
    std::int16_t error_code = 0;

    bool operator==(const OffsetFetchResponsePartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetFetchResponsePartition::partition_index, Field{"partition_index"}.until(7));
      visit(&OffsetFetchResponsePartition::committed_offset, Field{"committed_offset"}.until(7));
      visit(&OffsetFetchResponsePartition::committed_leader_epoch,
            Field{"committed_leader_epoch"}.only(5, 7).ignorable());
      visit(&OffsetFetchResponsePartition::metadata, Field{"metadata"}.until(7).nullable(0, 7));
      visit(&OffsetFetchResponsePartition::error_code, Field{"error_code"}.until(7));
    }
  };

  struct OffsetFetchResponseTopic {
    std::string name;
    std::vector<OffsetFetchResponsePartition> partitions;

    bool operator==(const OffsetFetchResponseTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetFetchResponseTopic::name, Field{"name"}.until(7));
      visit(&OffsetFetchResponseTopic::partitions, Field{"partitions"}.until(7));
    }
  };

  struct OffsetFetchResponsePartitions {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string> metadata = std::string{};
    std::int16_t error_code = 0;

    bool operator==(const OffsetFetchResponsePartitions&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetFetchResponsePartitions::partition_index, Field{"partition_index"}.since(8));
      visit(&OffsetFetchResponsePartitions::committed_offset, Field{"committed_offset"}.since(8));
      visit(&OffsetFetchResponsePartitions::committed_leader_epoch,
            Field{"committed_leader_epoch"}.since(8).ignorable());
      visit(&OffsetFetchResponsePartitions::metadata, Field{"metadata"}.since(8).nullable());
      visit(&OffsetFetchResponsePartitions::error_code, Field{"error_code"}.since(8));
    }
  };

  struct OffsetFetchResponseTopics {
    std::string name;
    Uuid topic_id;
    std::vector<OffsetFetchResponsePartitions> partitions;

    bool operator==(const OffsetFetchResponseTopics&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetFetchResponseTopics::name, Field{"name"}.only(8, 9).ignorable());
      visit(&OffsetFetchResponseTopics::topic_id, Field{"topic_id"}.since(10).ignorable());
      visit(&OffsetFetchResponseTopics::partitions, Field{"partitions"}.since(8));
    }
  };

  struct OffsetFetchResponseGroup {
    std::string group_id;
    std::vector<OffsetFetchResponseTopics> topics;
    std::int16_t error_code = 0;

    bool operator==(const OffsetFetchResponseGroup&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OffsetFetchResponseGroup::group_id, Field{"group_id"}.since(8));
      visit(&OffsetFetchResponseGroup::topics, Field{"topics"}.since(8));
      visit(&OffsetFetchResponseGroup::error_code, Field{"error_code"}.since(8));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetFetchResponseTopic> topics;
  std::int16_t error_code = 0;
  std::vector<OffsetFetchResponseGroup> groups;

  bool operator==(const OffsetFetchResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&OffsetFetchResponse::throttle_time_ms, Field{"throttle_time_ms"}.since(3).ignorable());
    visit(&OffsetFetchResponse::topics, Field{"topics"}.until(7));
    visit(&OffsetFetchResponse::error_code, Field{"error_code"}.only(2, 7).ignorable());
    visit(&OffsetFetchResponse::groups, Field{"groups"}.since(8));
  }
};

}  // namespace millrace::wire
