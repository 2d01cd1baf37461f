// Which C++ types stand for which types of the wire. Part of wire/codec.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "model/uuid.h"
#include "wire/records.h"

namespace millrace::wire {

/// Kafka's limit for strings, in compact form too.
inline constexpr std::size_t kStringSizeMax = INT16_MAX;
/// Kafka's limits for what one array and one structure may hold when they are read, so that a
/// message of many empty things does not become many times its size.
inline constexpr std::size_t kArrayElementsMax = 1'000'000;
inline constexpr std::uint32_t kTaggedFieldsMax = 10'000;

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
concept ScalarField = std::is_arithmetic_v<T>;
template <class T>
concept StringField = std::is_same_v<T, std::string>;
template <class T>
concept UuidField = std::is_same_v<T, Uuid>;
template <class T>
concept RecordsField = std::is_same_v<T, Records>;
template <class T>
concept VectorField = kIsVector<T>;
template <class T>
concept OptionalField = kIsOptional<T>;
/// What is left has a list of fields of its own.
template <class T>
concept StructField = std::is_class_v<T> && !StringField<T> && !UuidField<T> && !RecordsField<T> &&
                      !VectorField<T> && !OptionalField<T>;

/// The byte in front of a structure that may be null. A reader takes any negative number for null.
enum class StructPresence : std::int8_t { kNull = -1, kPresent = 1 };

/// A default-constructed S: where the defaults of its fields are written down.
template <StructField S>
const S& default_of() {
  static const S instance{};
  return instance;
}

/// Whether `value` is what a reader assumes when the field is not there.
template <class T>
bool equals_default(const T& value, const T& fallback) {
  if constexpr (VectorField<T>) {
    return value.empty() && fallback.empty();
  } else if constexpr (OptionalField<T>) {
    if (value.has_value() != fallback.has_value()) return false;
    return !value.has_value() || equals_default(*value, *fallback);
  } else {
    return value == fallback;
  }
}

}  // namespace millrace::wire
