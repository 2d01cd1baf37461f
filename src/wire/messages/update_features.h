// UpdateFeatures (key 57): raises or lowers the finalized level of features.
// v1 tells kinds of downgrade apart and can validate only, v2 has one error for all features.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct UpdateFeaturesRequest {
  static constexpr std::string_view kName = "UpdateFeaturesRequest";
  static constexpr ApiKey kApiKey = ApiKey::kUpdateFeatures;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct FeatureUpdateKey {
    std::string feature;
    std::int16_t max_version_level = 0;
    bool allow_downgrade = false;
    std::int8_t upgrade_type = 1;

    bool operator==(const FeatureUpdateKey&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = FeatureUpdateKey;
      visit(&S::feature, Field{"feature"});
      visit(&S::max_version_level, Field{"max_version_level"});
      visit(&S::allow_downgrade, Field{"allow_downgrade"}.until(0));
      visit(&S::upgrade_type, Field{"upgrade_type"}.since(1));
    }
  };

  std::int32_t timeout_ms = 60000;
  std::vector<FeatureUpdateKey> feature_updates;
  bool validate_only = false;

  bool operator==(const UpdateFeaturesRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&UpdateFeaturesRequest::timeout_ms, Field{"timeout_ms"});
    visit(&UpdateFeaturesRequest::feature_updates, Field{"feature_updates"});
    visit(&UpdateFeaturesRequest::validate_only, Field{"validate_only"}.since(1));
  }
};

struct UpdateFeaturesResponse {
  static constexpr std::string_view kName = "UpdateFeaturesResponse";
  static constexpr ApiKey kApiKey = ApiKey::kUpdateFeatures;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct UpdatableFeatureResult {
    std::string feature;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message = std::string{};

    bool operator==(const UpdatableFeatureResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&UpdatableFeatureResult::feature, Field{"feature"});
      visit(&UpdatableFeatureResult::error_code, Field{"error_code"});
      visit(&UpdatableFeatureResult::error_message, Field{"error_message"}.nullable());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message = std::string{};
  std::vector<UpdatableFeatureResult> results;

  bool operator==(const UpdateFeaturesResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = UpdateFeaturesResponse;
    visit(&S::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&S::error_code, Field{"error_code"});
    visit(&S::error_message, Field{"error_message"}.nullable());
    visit(&S::results, Field{"results"}.until(1).ignorable());
  }
};

}  // namespace millrace::wire
