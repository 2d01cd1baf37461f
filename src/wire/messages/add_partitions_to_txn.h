// AddPartitionsToTxn (key 24): which partitions a transaction is about to write.
// Up to v3 a producer asks for one transaction of its own. From v4 on a broker asks, for several at
// once, and may only verify that the partitions are in them (KIP-890); v5 lets the answer be
// TRANSACTION_ABORTABLE. v3 is flexible.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct AddPartitionsToTxnRequest {
  static constexpr std::string_view kName = "AddPartitionsToTxnRequest";
  static constexpr ApiKey kApiKey = ApiKey::kAddPartitionsToTxn;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr std::int16_t kFlexibleSince = 3;

  struct AddPartitionsToTxnTopic {
    std::string name;
    std::vector<std::int32_t> partitions;

    bool operator==(const AddPartitionsToTxnTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&AddPartitionsToTxnTopic::name, Field{"name"});
      visit(&AddPartitionsToTxnTopic::partitions, Field{"partitions"});
    }
  };

  struct AddPartitionsToTxnTransaction {
    std::string transactional_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    bool verify_only = false;
    std::vector<AddPartitionsToTxnTopic> topics;

    bool operator==(const AddPartitionsToTxnTransaction&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = AddPartitionsToTxnTransaction;
      visit(&S::transactional_id, Field{"transactional_id"}.since(4));
      visit(&S::producer_id, Field{"producer_id"}.since(4));
      visit(&S::producer_epoch, Field{"producer_epoch"}.since(4));
      visit(&S::verify_only, Field{"verify_only"}.since(4));
      visit(&S::topics, Field{"topics"}.since(4));
    }
  };

  std::vector<AddPartitionsToTxnTransaction> transactions;
  std::string v3_and_below_transactional_id;
  std::int64_t v3_and_below_producer_id = 0;
  std::int16_t v3_and_below_producer_epoch = 0;
  std::vector<AddPartitionsToTxnTopic> v3_and_below_topics;

  bool operator==(const AddPartitionsToTxnRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = AddPartitionsToTxnRequest;
    visit(&S::transactions, Field{"transactions"}.since(4));
    visit(&S::v3_and_below_transactional_id, Field{"v3_and_below_transactional_id"}.until(3));
    visit(&S::v3_and_below_producer_id, Field{"v3_and_below_producer_id"}.until(3));
    visit(&S::v3_and_below_producer_epoch, Field{"v3_and_below_producer_epoch"}.until(3));
    visit(&S::v3_and_below_topics, Field{"v3_and_below_topics"}.until(3));
  }
};

struct AddPartitionsToTxnResponse {
  static constexpr std::string_view kName = "AddPartitionsToTxnResponse";
  static constexpr ApiKey kApiKey = ApiKey::kAddPartitionsToTxn;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr std::int16_t kFlexibleSince = 3;

  struct AddPartitionsToTxnPartitionResult {
    std::int32_t partition_index = 0;
    std::int16_t partition_error_code = 0;

    bool operator==(const AddPartitionsToTxnPartitionResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&AddPartitionsToTxnPartitionResult::partition_index, Field{"partition_index"});
      visit(&AddPartitionsToTxnPartitionResult::partition_error_code,
            Field{"partition_error_code"});
    }
  };

  struct AddPartitionsToTxnTopicResult {
    std::string name;
    std::vector<AddPartitionsToTxnPartitionResult> results_by_partition;

    bool operator==(const AddPartitionsToTxnTopicResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&AddPartitionsToTxnTopicResult::name, Field{"name"});
      visit(&AddPartitionsToTxnTopicResult::results_by_partition, Field{"results_by_partition"});
    }
  };

  struct AddPartitionsToTxnResult {
    std::string transactional_id;
    std::vector<AddPartitionsToTxnTopicResult> topic_results;

    bool operator==(const AddPartitionsToTxnResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&AddPartitionsToTxnResult::transactional_id, Field{"transactional_id"}.since(4));
      visit(&AddPartitionsToTxnResult::topic_results, Field{"topic_results"}.since(4));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::vector<AddPartitionsToTxnResult> results_by_transaction;
  std::vector<AddPartitionsToTxnTopicResult> results_by_topic_v3_and_below;

  bool operator==(const AddPartitionsToTxnResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = AddPartitionsToTxnResponse;
    visit(&S::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&S::error_code, Field{"error_code"}.since(4).ignorable());
    visit(&S::results_by_transaction, Field{"results_by_transaction"}.since(4));
    visit(&S::results_by_topic_v3_and_below, Field{"results_by_topic_v3_and_below"}.until(3));
  }
};

}  // namespace millrace::wire
