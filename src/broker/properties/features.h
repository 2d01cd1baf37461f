// The features whose levels change what clients and this broker do (KIP-584). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::broker {

struct Feature {
  std::string_view name;
  std::int16_t min = 0;
  std::int16_t max = 0;
  std::int16_t initial = 0;  // of a cluster where nobody has set it
};

inline constexpr std::string_view kGroupVersion = "group.version";
inline constexpr std::string_view kTransactionVersion = "transaction.version";

/// By feature, what was set.
using FeatureLevels = std::map<std::string, std::int16_t, std::less<>>;

/// What this build can do.
std::span<const Feature> supported_features();
/// Null when there is none of that name.
const Feature* find_feature(std::string_view name);

/// Numbers as on the wire.
enum class FeatureUpgrade : std::int8_t { kUpgrade = 1, kSafeDowngrade = 2, kUnsafeDowngrade = 3 };

/// Whether a level may take the place of the current one.
/// errors  INVALID_UPDATE_VERSION
Status check_feature_update(std::string_view name, std::int16_t current, std::int16_t wanted,
                            std::int8_t upgrade);

}  // namespace millrace::broker
