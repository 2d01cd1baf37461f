// DescribeProducers (key 61): which producers a partition knows, and where their open transactions
// begin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct DescribeProducersRequest {
  static constexpr std::string_view kName = "DescribeProducersRequest";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeProducers;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct TopicRequest {
    std::string name;
    std::vector<std::int32_t> partition_indexes;

    bool operator==(const TopicRequest&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicRequest::name, Field{"name"});
      visit(&TopicRequest::partition_indexes, Field{"partition_indexes"});
    }
  };

  std::vector<TopicRequest> topics;

  bool operator==(const DescribeProducersRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeProducersRequest::topics, Field{"topics"});
  }
};

struct DescribeProducersResponse {
  static constexpr std::string_view kName = "DescribeProducersResponse";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeProducers;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct ProducerState {
    std::int64_t producer_id = 0;
    std::int32_t producer_epoch = 0;
    std::int32_t last_sequence = -1;
    std::int64_t last_timestamp = -1;
    std::int32_t coordinator_epoch = 0;
    std::int64_t current_txn_start_offset = -1;

    bool operator==(const ProducerState&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = ProducerState;
      visit(&S::producer_id, Field{"producer_id"});
      visit(&S::producer_epoch, Field{"producer_epoch"});
      visit(&S::last_sequence, Field{"last_sequence"});
      visit(&S::last_timestamp, Field{"last_timestamp"});
      visit(&S::coordinator_epoch, Field{"coordinator_epoch"});
      visit(&S::current_txn_start_offset, Field{"current_txn_start_offset"});
    }
  };

  struct PartitionResponse {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message;
    std::vector<ProducerState> active_producers;

    bool operator==(const PartitionResponse&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = PartitionResponse;
      visit(&S::partition_index, Field{"partition_index"});
      visit(&S::error_code, Field{"error_code"});
      visit(&S::error_message, Field{"error_message"}.nullable());
      visit(&S::active_producers, Field{"active_producers"});
    }
  };

  struct TopicResponse {
    std::string name;
    std::vector<PartitionResponse> partitions;

    bool operator==(const TopicResponse&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicResponse::name, Field{"name"});
      visit(&TopicResponse::partitions, Field{"partitions"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResponse> topics;

  bool operator==(const DescribeProducersResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeProducersResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&DescribeProducersResponse::topics, Field{"topics"});
  }
};

}  // namespace millrace::wire
