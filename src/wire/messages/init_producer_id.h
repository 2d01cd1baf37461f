// InitProducerId (key 22): an id and an epoch for an idempotent or transactional producer.
// v2 is flexible, v3 carries the id and epoch to continue (KIP-360), v6 serves two-phase commit and
// is described here but not offered by the broker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct InitProducerIdRequest {
  static constexpr std::string_view kName = "InitProducerIdRequest";
  static constexpr ApiKey kApiKey = ApiKey::kInitProducerId;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr std::int16_t kFlexibleSince = 2;

  std::optional<std::string> transactional_id = std::string{};
  std::int32_t transaction_timeout_ms = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  bool enable2_pc = false;
  bool keep_prepared_txn = false;

  bool operator==(const InitProducerIdRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&InitProducerIdRequest::transactional_id, Field{"transactional_id"}.nullable());
    visit(&InitProducerIdRequest::transaction_timeout_ms, Field{"transaction_timeout_ms"});
    visit(&InitProducerIdRequest::producer_id, Field{"producer_id"}.since(3));
    visit(&InitProducerIdRequest::producer_epoch, Field{"producer_epoch"}.since(3));
    visit(&InitProducerIdRequest::enable2_pc, Field{"enable2_pc"}.since(6));
    visit(&InitProducerIdRequest::keep_prepared_txn, Field{"keep_prepared_txn"}.since(6));
  }
};

struct InitProducerIdResponse {
  static constexpr std::string_view kName = "InitProducerIdResponse";
  static constexpr ApiKey kApiKey = ApiKey::kInitProducerId;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr std::int16_t kFlexibleSince = 2;

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = 0;
  std::int64_t ongoing_txn_producer_id = -1;
  std::int16_t ongoing_txn_producer_epoch = -1;

  bool operator==(const InitProducerIdResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&InitProducerIdResponse::throttle_time_ms, Field{"throttle_time_ms"}.ignorable());
    visit(&InitProducerIdResponse::error_code, Field{"error_code"});
    visit(&InitProducerIdResponse::producer_id, Field{"producer_id"});
    visit(&InitProducerIdResponse::producer_epoch, Field{"producer_epoch"});
    visit(&InitProducerIdResponse::ongoing_txn_producer_id,
          Field{"ongoing_txn_producer_id"}.since(6));
    visit(&InitProducerIdResponse::ongoing_txn_producer_epoch,
          Field{"ongoing_txn_producer_epoch"}.since(6));
  }
};

}  // namespace millrace::wire
