// DescribeConfigs (key 32): configuration of topics, brokers and groups.
// Keys null asks for all. v1 adds synonyms, v3 types and documentation, v4 is flexible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct DescribeConfigsRequest {
  static constexpr std::string_view kName = "DescribeConfigsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeConfigs;
  static constexpr VersionRange kVersions{1, 4};
  static constexpr std::int16_t kFlexibleSince = 4;

  struct DescribeConfigsResource {
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::optional<std::vector<std::string>> configuration_keys = std::vector<std::string>{};

    bool operator==(const DescribeConfigsResource&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DescribeConfigsResource::resource_type, Field{"resource_type"});
      visit(&DescribeConfigsResource::resource_name, Field{"resource_name"});
      visit(&DescribeConfigsResource::configuration_keys, Field{"configuration_keys"}.nullable());
    }
  };

  std::vector<DescribeConfigsResource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;

  bool operator==(const DescribeConfigsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeConfigsRequest::resources, Field{"resources"});
    visit(&DescribeConfigsRequest::include_synonyms, Field{"include_synonyms"});
    visit(&DescribeConfigsRequest::include_documentation, Field{"include_documentation"}.since(3));
  }
};

struct DescribeConfigsResponse {
  static constexpr std::string_view kName = "DescribeConfigsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeConfigs;
  static constexpr VersionRange kVersions{1, 4};
  static constexpr std::int16_t kFlexibleSince = 4;

  struct DescribeConfigsSynonym {
    std::string name;
    std::optional<std::string> value = std::string{};
    std::int8_t source = 0;

    bool operator==(const DescribeConfigsSynonym&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DescribeConfigsSynonym::name, Field{"name"});
      visit(&DescribeConfigsSynonym::value, Field{"value"}.nullable());
      visit(&DescribeConfigsSynonym::source, Field{"source"});
    }
  };

  struct DescribeConfigsResourceResult {
    std::string name;
    std::optional<std::string> value = std::string{};
    bool read_only = false;
    std::int8_t config_source = -1;
    bool is_default = false;
    bool is_sensitive = false;
    std::vector<DescribeConfigsSynonym> synonyms;
    std::int8_t config_type = 0;
    std::optional<std::string> documentation = std::string{};

    bool operator==(const DescribeConfigsResourceResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DescribeConfigsResourceResult::name, Field{"name"});
      visit(&DescribeConfigsResourceResult::value, Field{"value"}.nullable());
      visit(&DescribeConfigsResourceResult::read_only, Field{"read_only"});
      visit(&DescribeConfigsResourceResult::config_source, Field{"config_source"}.ignorable());
      visit(&DescribeConfigsResourceResult::is_default, Field{"is_default"}.until(0));
      visit(&DescribeConfigsResourceResult::is_sensitive, Field{"is_sensitive"});
      visit(&DescribeConfigsResourceResult::synonyms, Field{"synonyms"}.ignorable());
      visit(&DescribeConfigsResourceResult::config_type, Field{"config_type"}.since(3).ignorable());
      visit(&DescribeConfigsResourceResult::documentation,
            Field{"documentation"}.since(3).nullable().ignorable());
    }
  };

  struct DescribeConfigsResult {
    std::int16_t error_code = 0;
    std::optional<std::string> error_message = std::string{};
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::vector<DescribeConfigsResourceResult> configs;

    bool operator==(const DescribeConfigsResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DescribeConfigsResult::error_code, Field{"error_code"});
      visit(&DescribeConfigsResult::error_message, Field{"error_message"}.nullable());
      visit(&DescribeConfigsResult::resource_type, Field{"resource_type"});
      visit(&DescribeConfigsResult::resource_name, Field{"resource_name"});
      visit(&DescribeConfigsResult::configs, Field{"configs"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DescribeConfigsResult> results;

  bool operator==(const DescribeConfigsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeConfigsResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&DescribeConfigsResponse::results, Field{"results"});
  }
};

}  // namespace millrace::wire
