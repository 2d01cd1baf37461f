// Uuid: Kafka's topic and cluster id; 16 bytes, written by Kafka's tools as 22 characters of
// URL-safe base64.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace millrace {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  /// All zero: Kafka's way to say "no id".
  bool is_zero() const { return *this == Uuid{}; }

  /// A version 4 UUID whose text form does not start with '-', as Kafka makes them.
  static Uuid random(Random& random);
  /// The 22 characters that Kafka prints, such as "4Tl-PWA0Qb6jxHhIXYAdTQ".
  std::string to_base64() const;
  /// errors  kInvalidArgument when `text` is not 22 characters of URL-safe base64
  static Result<Uuid> from_base64(std::string_view text);
};

}  // namespace millrace

template <>
struct std::hash<millrace::Uuid> {
  std::size_t operator()(const millrace::Uuid& id) const noexcept {
    return std::hash<std::string_view>{}(
        {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  }
};
