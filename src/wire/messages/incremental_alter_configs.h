// IncrementalAlterConfigs (key 44): sets, deletes, appends to or subtracts from single entries of
// configuration. v1 is flexible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"
#include "wire/messages/alter_configs_resource_response.h"

namespace millrace::wire {

struct IncrementalAlterConfigsRequest {
  static constexpr std::string_view kName = "IncrementalAlterConfigsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kIncrementalAlterConfigs;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 1;

  struct AlterableConfig {
    std::string name;
    std::int8_t config_operation = 0;
    std::optional<std::string> value = std::string{};

    bool operator==(const AlterableConfig&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&AlterableConfig::name, Field{"name"});
      visit(&AlterableConfig::config_operation, Field{"config_operation"});
      visit(&AlterableConfig::value, Field{"value"}.nullable());
    }
  };

  struct AlterConfigsResource {
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::vector<AlterableConfig> configs;

    bool operator==(const AlterConfigsResource&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&AlterConfigsResource::resource_type, Field{"resource_type"});
      visit(&AlterConfigsResource::resource_name, Field{"resource_name"});
      visit(&AlterConfigsResource::configs, Field{"configs"});
    }
  };

  std::vector<AlterConfigsResource> resources;
  bool validate_only = false;

  bool operator==(const IncrementalAlterConfigsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&IncrementalAlterConfigsRequest::resources, Field{"resources"});
    visit(&IncrementalAlterConfigsRequest::validate_only, Field{"validate_only"});
  }
};

struct IncrementalAlterConfigsResponse {
  static constexpr std::string_view kName = "IncrementalAlterConfigsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kIncrementalAlterConfigs;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 1;

  std::int32_t throttle_time_ms = 0;
  std::vector<AlterConfigsResourceResponse> responses;

  bool operator==(const IncrementalAlterConfigsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&IncrementalAlterConfigsResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&IncrementalAlterConfigsResponse::responses, Field{"responses"});
  }
};

}  // namespace millrace::wire
