// A message with random contents, for round-trip tests and fuzzing. Part of wire/codec.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/random.h"
#include "wire/field.h"
#include "wire/field_types.h"

namespace millrace::wire {

class RandomFiller {
 public:
  RandomFiller(Random& random, std::int16_t version) : random_(random), version_(version) {}

  /// Fills the fields that exist in the version; the others keep their defaults.
  template <StructField S>
  void structure(S& message) {
    S::fields([&](auto member, const Field& field) {
      if (!field.versions.contains(version_)) return;
      if (field.is_tagged() && random_.chance(0.3)) return;
      value(message.*member, field);
    });
  }

 private:
  static constexpr std::uint64_t kElementsMax = 3;
  /// UTF-8 of every length: other implementations of the protocol refuse anything else.
  static constexpr std::array<std::string_view, 10> kLetters{
      "a", "Z", "0", ".", "_", "\"", "\x01", "\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x98\x80"};
  static constexpr std::string_view kBatches = "batches that nobody looks into";

  template <class T>
  void value(T& value, const Field& field) {
    if constexpr (std::is_same_v<T, bool>) {
      value = random_.chance(0.5);
    } else if constexpr (std::is_same_v<T, double>) {
      value = random_.unit();
    } else if constexpr (ScalarField<T>) {
      value = static_cast<T>(random_.next() >> random_.below(64));
    } else if constexpr (StringField<T>) {
      value.clear();
      for (std::uint64_t left = random_.below(20); left > 0; --left) {
        if (field.is_bytes) {
          value += static_cast<char>(static_cast<unsigned char>(random_.below(256)));
        } else {
          value += kLetters[random_.below(kLetters.size())];
        }
      }
    } else if constexpr (UuidField<T>) {
      value = Uuid::random(random_);
    } else if constexpr (RecordsField<T>) {
      value = is_null(field) ? Records::null() : Records{kBatches.substr(random_.below(30))};
    } else if constexpr (OptionalField<T>) {
      value.reset();
      // Made from a value, as in Decoder::optional.
      if (!is_null(field)) this->value(value.emplace(typename T::value_type{}), field);
    } else if constexpr (VectorField<T>) {
      value.clear();
      for (std::uint64_t left = random_.below(kElementsMax + 1); left > 0; --left) {
        this->value(value.emplace_back(), field);
      }
    } else {
      structure(value);
    }
  }

  bool is_null(const Field& field) {
    return field.null_versions.contains(version_) && random_.chance(0.25);
  }

  Random& random_;
  std::int16_t version_;
};

}  // namespace millrace::wire
