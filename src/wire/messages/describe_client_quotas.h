// DescribeClientQuotas (key 48): the quotas of users, client ids and addresses that match.
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

struct DescribeClientQuotasRequest {
  static constexpr std::string_view kName = "DescribeClientQuotasRequest";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeClientQuotas;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 1;

  struct ComponentData {
    std::string entity_type;
    std::int8_t match_type = 0;
    std::optional<std::string> match = std::string{};

    bool operator==(const ComponentData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ComponentData::entity_type, Field{"entity_type"});
      visit(&ComponentData::match_type, Field{"match_type"});
      visit(&ComponentData::match, Field{"match"}.nullable());
    }
  };

  std::vector<ComponentData> components;
  bool strict = false;

  bool operator==(const DescribeClientQuotasRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeClientQuotasRequest::components, Field{"components"});
    visit(&DescribeClientQuotasRequest::strict, Field{"strict"});
  }
};

struct DescribeClientQuotasResponse {
  static constexpr std::string_view kName = "DescribeClientQuotasResponse";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeClientQuotas;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 1;

  struct ValueData {
    std::string key;
    double value = 0;

    bool operator==(const ValueData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ValueData::key, Field{"key"});
      visit(&ValueData::value, Field{"value"});
    }
  };

  struct EntryData {
    std::vector<QuotaEntityData> entity;
    std::vector<ValueData> values;

    bool operator==(const EntryData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&EntryData::entity, Field{"entity"});
      visit(&EntryData::values, Field{"values"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message = std::string{};
  std::optional<std::vector<EntryData>> entries = std::vector<EntryData>{};

  bool operator==(const DescribeClientQuotasResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = DescribeClientQuotasResponse;
    visit(&S::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&S::error_code, Field{"error_code"});
    visit(&S::error_message, Field{"error_message"}.nullable());
    visit(&S::entries, Field{"entries"}.nullable());
  }
};

}  // namespace millrace::wire
