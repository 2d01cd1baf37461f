// EndTxn (key 26): commits or aborts a transaction.
// v3 is flexible, v4 lets the answer be TRANSACTION_ABORTABLE, v5 answers with the id and the epoch
// under which the producer goes on: every transaction gets an epoch of its own (KIP-890).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct EndTxnRequest {
  static constexpr std::string_view kName = "EndTxnRequest";
  static constexpr ApiKey kApiKey = ApiKey::kEndTxn;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr std::int16_t kFlexibleSince = 3;

  std::string transactional_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  bool committed = false;

  bool operator==(const EndTxnRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = EndTxnRequest;
    visit(&S::transactional_id, Field{"transactional_id"});
    visit(&S::producer_id, Field{"producer_id"});
    visit(&S::producer_epoch, Field{"producer_epoch"});
    visit(&S::committed, Field{"committed"});
  }
};

struct EndTxnResponse {
  static constexpr std::string_view kName = "EndTxnResponse";
  static constexpr ApiKey kApiKey = ApiKey::kEndTxn;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr std::int16_t kFlexibleSince = 3;

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;

  bool operator==(const EndTxnResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = EndTxnResponse;
    visit(&S::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&S::error_code, Field{"error_code"});
    visit(&S::producer_id, Field{"producer_id"}.since(5).ignorable());
    visit(&S::producer_epoch, Field{"producer_epoch"}.since(5).ignorable());
  }
};

}  // namespace millrace::wire
