// ApiVersions (key 18): what the broker speaks.
// The header of the response never has tags, in any version, so that a client can read it before it
// knows anything. A broker answers a version that it does not know with a v0 body and
// UNSUPPORTED_VERSION (KIP-511). v3 is flexible and carries features; in v5 a client names the
// cluster and the node that it expects (KIP-1242).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct ApiVersionsRequest {
  static constexpr std::string_view kName = "ApiVersionsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kApiVersions;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr std::int16_t kFlexibleSince = 3;

  std::string client_software_name;
  std::string client_software_version;
  std::optional<std::string> cluster_id = std::nullopt;
  std::int32_t node_id = -1;

  bool operator==(const ApiVersionsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ApiVersionsRequest::client_software_name,
          Field{"client_software_name"}.since(3).ignorable());
    visit(&ApiVersionsRequest::client_software_version,
          Field{"client_software_version"}.since(3).ignorable());
    visit(&ApiVersionsRequest::cluster_id, Field{"cluster_id"}.since(5).nullable().ignorable());
    visit(&ApiVersionsRequest::node_id, Field{"node_id"}.since(5).ignorable());
  }
};

struct ApiVersionsResponse {
  static constexpr std::string_view kName = "ApiVersionsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kApiVersions;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr std::int16_t kFlexibleSince = 3;

  struct ApiVersion {
    std::int16_t api_key = 0;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    bool operator==(const ApiVersion&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ApiVersion::api_key, Field{"api_key"});
      visit(&ApiVersion::min_version, Field{"min_version"});
      visit(&ApiVersion::max_version, Field{"max_version"});
    }
  };

  struct SupportedFeatureKey {
    std::string name;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    bool operator==(const SupportedFeatureKey&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&SupportedFeatureKey::name, Field{"name"}.since(3));
      visit(&SupportedFeatureKey::min_version, Field{"min_version"}.since(3));
      visit(&SupportedFeatureKey::max_version, Field{"max_version"}.since(3));
    }
  };

  struct FinalizedFeatureKey {
    std::string name;
    std::int16_t max_version_level = 0;
    std::int16_t min_version_level = 0;

    bool operator==(const FinalizedFeatureKey&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&FinalizedFeatureKey::name, Field{"name"}.since(3));
      visit(&FinalizedFeatureKey::max_version_level, Field{"max_version_level"}.since(3));
      visit(&FinalizedFeatureKey::min_version_level, Field{"min_version_level"}.since(3));
    }
  };

  std::int16_t error_code = 0;
  std::vector<ApiVersion> api_keys;
  std::int32_t throttle_time_ms = 0;
  std::vector<SupportedFeatureKey> supported_features;
  std::int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeatureKey> finalized_features;
  bool zk_migration_ready = false;

  bool operator==(const ApiVersionsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ApiVersionsResponse::error_code, Field{"error_code"});
    visit(&ApiVersionsResponse::api_keys, Field{"api_keys"});
    visit(&ApiVersionsResponse::throttle_time_ms, Field{"throttle_time_ms"}.since(1).ignorable());
    visit(&ApiVersionsResponse::supported_features,
          Field{"supported_features"}.tagged(0).since(3).ignorable());
    visit(&ApiVersionsResponse::finalized_features_epoch,
          Field{"finalized_features_epoch"}.tagged(1).since(3).ignorable());
    visit(&ApiVersionsResponse::finalized_features,
          Field{"finalized_features"}.tagged(2).since(3).ignorable());
    visit(&ApiVersionsResponse::zk_migration_ready,
          Field{"zk_migration_ready"}.tagged(3).since(3).ignorable());
  }
};

}  // namespace millrace::wire
