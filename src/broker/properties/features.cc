#include "broker/properties/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wire/error_codes.h"

namespace millrace::broker {

namespace {

constexpr std::array kFeatures{
    // 1: groups whose coordinator deals the partitions (KIP-848).
    Feature{kGroupVersion, 0, 1, 1},
    // 1: __transaction_state is written with flexible fields; 2: each transaction has an epoch of
    // its own (KIP-890).
    Feature{kTransactionVersion, 0, 2, 2},
};

Error invalid_update(std::string_view name, std::int16_t wanted, std::string_view why) {
  return wire::make_error(wire::KafkaError::kInvalidUpdateVersion,
                          fmt::format("feature {}, level {}: {}", name, wanted, why));
}

}  // namespace

std::span<const Feature> supported_features() {
  return kFeatures;
}

const Feature* find_feature(std::string_view name) {
  const auto* const found = std::find_if(kFeatures.begin(), kFeatures.end(),
                                         [&](const Feature& each) { return each.name == name; });
  return found == kFeatures.end() ? nullptr : found;
}

Status check_feature_update(std::string_view name, std::int16_t current, std::int16_t wanted,
                            std::int8_t upgrade) {
  const auto how = static_cast<FeatureUpgrade>(upgrade);
  if (how != FeatureUpgrade::kUpgrade && how != FeatureUpgrade::kSafeDowngrade &&
      how != FeatureUpgrade::kUnsafeDowngrade)
    return invalid_update(name, wanted,
                          fmt::format("upgrade type: wanted 1 to 3, found {}", upgrade));
  const Feature* const feature = find_feature(name);
  if (feature == nullptr) return invalid_update(name, wanted, "there is no such feature here");
  if (wanted < feature->min || wanted > feature->max)
    return invalid_update(name, wanted, fmt::format("wanted {} to {}", feature->min, feature->max));
  if (wanted < current && how == FeatureUpgrade::kUpgrade)
    return invalid_update(name, wanted,
                          fmt::format("it is {} now, and a lower one wants a downgrade", current));
  if (wanted > current && how != FeatureUpgrade::kUpgrade)
    return invalid_update(name, wanted,
                          fmt::format("it is {} now, and a higher one is no downgrade", current));
  return {};
}

}  // namespace millrace::broker
