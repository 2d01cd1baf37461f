// ListConfigResources (key 74): the resources that have a configuration of their own.
// v0 knows client metrics alone, v1 every type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct ListConfigResourcesRequest {
  static constexpr std::string_view kName = "ListConfigResourcesRequest";
  static constexpr ApiKey kApiKey = ApiKey::kListConfigResources;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::vector<std::int8_t> resource_types;

  bool operator==(const ListConfigResourcesRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ListConfigResourcesRequest::resource_types, Field{"resource_types"}.since(1));
  }
};

struct ListConfigResourcesResponse {
  static constexpr std::string_view kName = "ListConfigResourcesResponse";
  static constexpr ApiKey kApiKey = ApiKey::kListConfigResources;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct ConfigResource {
    std::string resource_name;
    std::int8_t resource_type = 16;

    bool operator==(const ConfigResource&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ConfigResource::resource_name, Field{"resource_name"});
      visit(&ConfigResource::resource_type, Field{"resource_type"}.since(1).ignorable());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::vector<ConfigResource> config_resources;

  bool operator==(const ListConfigResourcesResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ListConfigResourcesResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&ListConfigResourcesResponse::error_code, Field{"error_code"});
    visit(&ListConfigResourcesResponse::config_resources, Field{"config_resources"});
  }
};

}  // namespace millrace::wire
