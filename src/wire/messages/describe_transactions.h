// DescribeTransactions (key 65): what the coordinator knows of transactions by their ids.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct DescribeTransactionsRequest {
  static constexpr std::string_view kName = "DescribeTransactionsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeTransactions;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::vector<std::string> transactional_ids;

  bool operator==(const DescribeTransactionsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeTransactionsRequest::transactional_ids, Field{"transactional_ids"});
  }
};

struct DescribeTransactionsResponse {
  static constexpr std::string_view kName = "DescribeTransactionsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeTransactions;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct TopicData {
    std::string topic;
    std::vector<std::int32_t> partitions;

    bool operator==(const TopicData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicData::topic, Field{"topic"});
      visit(&TopicData::partitions, Field{"partitions"});
    }
  };

  struct TransactionState {
    std::int16_t error_code = 0;
    std::string transactional_id;
    std::string transaction_state;
    std::int32_t transaction_timeout_ms = 0;
    std::int64_t transaction_start_time_ms = 0;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::vector<TopicData> topics;

    bool operator==(const TransactionState&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = TransactionState;
      visit(&S::error_code, Field{"error_code"});
      visit(&S::transactional_id, Field{"transactional_id"});
      visit(&S::transaction_state, Field{"transaction_state"});
      visit(&S::transaction_timeout_ms, Field{"transaction_timeout_ms"});
      visit(&S::transaction_start_time_ms, Field{"transaction_start_time_ms"});
      visit(&S::producer_id, Field{"producer_id"});
      visit(&S::producer_epoch, Field{"producer_epoch"});
      visit(&S::topics, Field{"topics"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<TransactionState> transaction_states;

  bool operator==(const DescribeTransactionsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeTransactionsResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&DescribeTransactionsResponse::transaction_states, Field{"transaction_states"});
  }
};

}  // namespace millrace::wire
