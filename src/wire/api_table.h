// The APIs that this build describes, in one table: what ApiVersions answers for those that a
// handler serves, what headers look like, and what the documentation lists.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "wire/api_key.h"

namespace millrace::wire {

struct ApiRow {
  ApiKey key;
  std::string_view name;
  VersionRange advertised;      // what ApiVersions says; empty: described, and not served
  VersionRange decodable;       // what our messages describe; the rest is answered with an error
  std::int16_t flexible_since;  // first version with compact lengths and tagged fields (KIP-482)

  constexpr bool is_served() const { return !advertised.empty(); }
  constexpr bool is_flexible(std::int16_t version) const { return version >= flexible_since; }
};

/// All rows, by rising key.
std::span<const ApiRow> api_table();

/// The row of `key`, or null when we do not describe that API.
const ApiRow* find_api(ApiKey key);

}  // namespace millrace::wire
