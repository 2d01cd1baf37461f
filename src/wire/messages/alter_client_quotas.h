// AlterClientQuotas (key 49): sets and removes quotas of users, client ids and addresses.
// v1 is flexible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"
#include "wire/messages/quota_entity_data.h"

namespace millrace::wire {

struct AlterClientQuotasRequest {
  static constexpr std::string_view kName = "AlterClientQuotasRequest";
  static constexpr ApiKey kApiKey = ApiKey::kAlterClientQuotas;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 1;

  struct OpData {
    std::string key;
    double value = 0;
    bool remove = false;

    bool operator==(const OpData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&OpData::key, Field{"key"});
      visit(&OpData::value, Field{"value"});
      visit(&OpData::remove, Field{"remove"});
    }
  };

  struct EntryData {
    std::vector<QuotaEntityData> entity;
    std::vector<OpData> ops;

    bool operator==(const EntryData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&EntryData::entity, Field{"entity"});
      visit(&EntryData::ops, Field{"ops"});
    }
  };

  std::vector<EntryData> entries;
  bool validate_only = false;

  bool operator==(const AlterClientQuotasRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&AlterClientQuotasRequest::entries, Field{"entries"});
    visit(&AlterClientQuotasRequest::validate_only, Field{"validate_only"});
  }
};

struct AlterClientQuotasResponse {
  static constexpr std::string_view kName = "AlterClientQuotasResponse";
  static constexpr ApiKey kApiKey = ApiKey::kAlterClientQuotas;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 1;

  struct EntryData {
    std::int16_t error_code = 0;
    std::optional<std::string> error_message = std::string{};
    std::vector<QuotaEntityData> entity;

    bool operator==(const EntryData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&EntryData::error_code, Field{"error_code"});
      visit(&EntryData::error_message, Field{"error_message"}.nullable());
      visit(&EntryData::entity, Field{"entity"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<EntryData> entries;

  bool operator==(const AlterClientQuotasResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&AlterClientQuotasResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&AlterClientQuotasResponse::entries, Field{"entries"});
  }
};

}  // namespace millrace::wire
