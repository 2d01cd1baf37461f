// AlterConfigs (key 33): replaces the whole configuration of resources. IncrementalAlterConfigs
// changes single entries. v2 is flexible.
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

struct AlterConfigsRequest {
  static constexpr std::string_view kName = "AlterConfigsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kAlterConfigs;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 2;

  struct AlterableConfig {
    std::string name;
    std::optional<std::string> value = std::string{};

    bool operator==(const AlterableConfig&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&AlterableConfig::name, Field{"name"});
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

  bool operator==(const AlterConfigsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&AlterConfigsRequest::resources, Field{"resources"});
    visit(&AlterConfigsRequest::validate_only, Field{"validate_only"});
  }
};

struct AlterConfigsResponse {
  static constexpr std::string_view kName = "AlterConfigsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kAlterConfigs;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 2;

  std::int32_t throttle_time_ms = 0;
  std::vector<AlterConfigsResourceResponse> responses;

  bool operator==(const AlterConfigsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&AlterConfigsResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&AlterConfigsResponse::responses, Field{"responses"});
  }
};

}  // namespace millrace::wire
