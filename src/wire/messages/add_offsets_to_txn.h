// AddOffsetsToTxn (key 25): a transaction is about to commit offsets of a group, so the partition
// of
// __consumer_offsets that holds them takes part in it.
// v3 is flexible, v4 lets the answer be TRANSACTION_ABORTABLE.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct AddOffsetsToTxnRequest {
  static constexpr std::string_view kName = "AddOffsetsToTxnRequest";
  static constexpr ApiKey kApiKey = ApiKey::kAddOffsetsToTxn;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr std::int16_t kFlexibleSince = 3;

  std::string transactional_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::string group_id;

  bool operator==(const AddOffsetsToTxnRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = AddOffsetsToTxnRequest;
    visit(&S::transactional_id, Field{"transactional_id"});
    visit(&S::producer_id, Field{"producer_id"});
    visit(&S::producer_epoch, Field{"producer_epoch"});
    visit(&S::group_id, Field{"group_id"});
  }
};

struct AddOffsetsToTxnResponse {
  static constexpr std::string_view kName = "AddOffsetsToTxnResponse";
  static constexpr ApiKey kApiKey = ApiKey::kAddOffsetsToTxn;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr std::int16_t kFlexibleSince = 3;

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;

  bool operator==(const AddOffsetsToTxnResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&AddOffsetsToTxnResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&AddOffsetsToTxnResponse::error_code, Field{"error_code"});
  }
};

}  // namespace millrace::wire
