// DescribeTopicPartitions (key 75): topics with their partitions and eligible leaders, a page at a
// time; the cursor says where the next page begins.
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

struct DescribeTopicPartitionsRequest {
  static constexpr std::string_view kName = "DescribeTopicPartitionsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeTopicPartitions;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct TopicRequest {
    std::string name;

    bool operator==(const TopicRequest&) const = default;
    static constexpr void fields(auto&& visit) { visit(&TopicRequest::name, Field{"name"}); }
  };

  struct Cursor {
    std::string topic_name;
    std::int32_t partition_index = 0;

    bool operator==(const Cursor&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&Cursor::topic_name, Field{"topic_name"});
      visit(&Cursor::partition_index, Field{"partition_index"});
    }
  };

  std::vector<TopicRequest> topics;
  std::int32_t response_partition_limit = 2000;
  std::optional<Cursor> cursor;

  bool operator==(const DescribeTopicPartitionsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeTopicPartitionsRequest::topics, Field{"topics"});
    visit(&DescribeTopicPartitionsRequest::response_partition_limit,
          Field{"response_partition_limit"});
    visit(&DescribeTopicPartitionsRequest::cursor, Field{"cursor"}.nullable());
  }
};

struct DescribeTopicPartitionsResponse {
  static constexpr std::string_view kName = "DescribeTopicPartitionsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeTopicPartitions;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct DescribeTopicPartitionsResponsePartition {
    std::int16_t error_code = 0;
    std::int32_t partition_index = 0;
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = -1;
    std::vector<std::int32_t> replica_nodes;
    std::vector<std::int32_t> isr_nodes;
    std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
    std::optional<std::vector<std::int32_t>> last_known_elr;
    std::vector<std::int32_t> offline_replicas;

    bool operator==(const DescribeTopicPartitionsResponsePartition&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = DescribeTopicPartitionsResponsePartition;
      visit(&S::error_code, Field{"error_code"});
      visit(&S::partition_index, Field{"partition_index"});
      visit(&S::leader_id, Field{"leader_id"});
      visit(&S::leader_epoch, Field{"leader_epoch"}.ignorable());
      visit(&S::replica_nodes, Field{"replica_nodes"});
      visit(&S::isr_nodes, Field{"isr_nodes"});
      visit(&S::eligible_leader_replicas, Field{"eligible_leader_replicas"}.nullable());
      visit(&S::last_known_elr, Field{"last_known_elr"}.nullable());
      visit(&S::offline_replicas, Field{"offline_replicas"}.ignorable());
    }
  };

  struct DescribeTopicPartitionsResponseTopic {
    std::int16_t error_code = 0;
    std::optional<std::string> name = std::string{};
    Uuid topic_id;
    bool is_internal = false;
    std::vector<DescribeTopicPartitionsResponsePartition> partitions;
    std::int32_t topic_authorized_operations = INT32_MIN;

    bool operator==(const DescribeTopicPartitionsResponseTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = DescribeTopicPartitionsResponseTopic;
      visit(&S::error_code, Field{"error_code"});
      visit(&S::name, Field{"name"}.nullable());
      visit(&S::topic_id, Field{"topic_id"}.ignorable());
      visit(&S::is_internal, Field{"is_internal"}.ignorable());
      visit(&S::partitions, Field{"partitions"});
      visit(&S::topic_authorized_operations, Field{"topic_authorized_operations"});
    }
  };

  struct Cursor {
    std::string topic_name;
    std::int32_t partition_index = 0;

    bool operator==(const Cursor&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&Cursor::topic_name, Field{"topic_name"});
      visit(&Cursor::partition_index, Field{"partition_index"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DescribeTopicPartitionsResponseTopic> topics;
  std::optional<Cursor> next_cursor;

  bool operator==(const DescribeTopicPartitionsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeTopicPartitionsResponse::throttle_time_ms,
          Field{"throttle_time_ms"}.ignorable());
    visit(&DescribeTopicPartitionsResponse::topics, Field{"topics"});
    visit(&DescribeTopicPartitionsResponse::next_cursor, Field{"next_cursor"}.nullable());
  }
};

}  // namespace millrace::wire
