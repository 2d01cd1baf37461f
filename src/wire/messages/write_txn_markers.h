// WriteTxnMarkers (key 27): a coordinator has the ends of transactions written into the partitions
// that took part. Brokers ask it of each other, and tools that end a hanging transaction.
// v1 is flexible, v2 says under which protocol the transaction ran.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct WriteTxnMarkersRequest {
  static constexpr std::string_view kName = "WriteTxnMarkersRequest";
  static constexpr ApiKey kApiKey = ApiKey::kWriteTxnMarkers;
  static constexpr VersionRange kVersions{1, 2};
  static constexpr std::int16_t kFlexibleSince = 1;

  struct WritableTxnMarkerTopic {
    std::string name;
    std::vector<std::int32_t> partition_indexes;

    bool operator==(const WritableTxnMarkerTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&WritableTxnMarkerTopic::name, Field{"name"});
      visit(&WritableTxnMarkerTopic::partition_indexes, Field{"partition_indexes"});
    }
  };

  struct WritableTxnMarker {
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    bool transaction_result = false;
    std::vector<WritableTxnMarkerTopic> topics;
    std::int32_t coordinator_epoch = 0;
    std::int8_t transaction_version = 0;

    bool operator==(const WritableTxnMarker&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = WritableTxnMarker;
      visit(&S::producer_id, Field{"producer_id"});
      visit(&S::producer_epoch, Field{"producer_epoch"});
      visit(&S::transaction_result, Field{"transaction_result"});
      visit(&S::topics, Field{"topics"});
      visit(&S::coordinator_epoch, Field{"coordinator_epoch"});
      visit(&S::transaction_version, Field{"transaction_version"}.since(2).ignorable());
    }
  };

  std::vector<WritableTxnMarker> markers;

  bool operator==(const WriteTxnMarkersRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&WriteTxnMarkersRequest::markers, Field{"markers"});
  }
};

struct WriteTxnMarkersResponse {
  static constexpr std::string_view kName = "WriteTxnMarkersResponse";
  static constexpr ApiKey kApiKey = ApiKey::kWriteTxnMarkers;
  static constexpr VersionRange kVersions{1, 2};
  static constexpr std::int16_t kFlexibleSince = 1;

  struct WritableTxnMarkerPartitionResult {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;

    bool operator==(const WritableTxnMarkerPartitionResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&WritableTxnMarkerPartitionResult::partition_index, Field{"partition_index"});
      visit(&WritableTxnMarkerPartitionResult::error_code, Field{"error_code"});
    }
  };

  struct WritableTxnMarkerTopicResult {
    std::string name;
    std::vector<WritableTxnMarkerPartitionResult> partitions;

    bool operator==(const WritableTxnMarkerTopicResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&WritableTxnMarkerTopicResult::name, Field{"name"});
      visit(&WritableTxnMarkerTopicResult::partitions, Field{"partitions"});
    }
  };

  struct WritableTxnMarkerResult {
    std::int64_t producer_id = 0;
    std::vector<WritableTxnMarkerTopicResult> topics;

    bool operator==(const WritableTxnMarkerResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&WritableTxnMarkerResult::producer_id, Field{"producer_id"});
      visit(&WritableTxnMarkerResult::topics, Field{"topics"});
    }
  };

  std::vector<WritableTxnMarkerResult> markers;

  bool operator==(const WriteTxnMarkersResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&WriteTxnMarkersResponse::markers, Field{"markers"});
  }
};

}  // namespace millrace::wire
