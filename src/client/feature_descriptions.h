// How Admin changes the levels of a cluster's features (KIP-584).
#pragma once

#include <cstdint>

namespace millrace::client {

struct FeatureUpdate {
  /// Numbers as on the wire.
  enum class Kind : std::int8_t { kUpgrade = 1, kSafeDowngrade = 2, kUnsafeDowngrade = 3 };

  std::int16_t level = 0;
  Kind kind = Kind::kUpgrade;
};

}  // namespace millrace::client
