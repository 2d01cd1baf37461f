// Field: what is said about one field of a message. Each message lists its fields once, in the
// order of the wire:
//
//   static constexpr void fields(auto&& visit) {
//     visit(&TopicProduceData::name, Field{"name"}.until(12).ignorable());
//     visit(&TopicProduceData::topic_id, Field{"topic_id"}.since(13).ignorable());
//   }
//
// Size, encoding, decoding, JSON and random messages are visitors over that list (wire/codec.h).
// The default of a field is its member initialiser.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/api_key.h"

namespace millrace::wire {

/// How a version of a message lays out lengths, and whether tagged fields may follow (KIP-482).
enum class Layout { kPlain, kFlexible };
constexpr Layout layout_of(std::int16_t version, std::int16_t flexible_since) {
  return version >= flexible_since ? Layout::kFlexible : Layout::kPlain;
}

/// The facts about a field that its C++ type does not tell.
struct Field {
  static constexpr std::int16_t kNewest = INT16_MAX;
  static constexpr std::int32_t kNoTag = -1;

  std::string_view name;
  VersionRange versions{0, kNewest};
  VersionRange null_versions{0, -1};
  std::int32_t tag = kNoTag;
  bool is_bytes = false;      // a std::string that holds bytes: its length is 32 bits wide
  bool is_ignorable = false;  // its value may be lost in versions that do not have it

  constexpr explicit Field(std::string_view field_name) : name(field_name) {}

  /// Exists from `version` on.
  constexpr Field since(std::int16_t version) const { return only(version, kNewest); }
  /// Exists up to `version`.
  constexpr Field until(std::int16_t version) const { return only(0, version); }
  constexpr Field only(std::int16_t first, std::int16_t last) const {
    Field copy = *this;
    copy.versions = {first, last};
    return copy;
  }
  /// May be null from `first` to `last`. The member is a std::optional, or Records.
  constexpr Field nullable(std::int16_t first = 0, std::int16_t last = kNewest) const {
    Field copy = *this;
    copy.null_versions = {first, last};
    return copy;
  }
  /// Lies among the tagged fields (KIP-482), and is left out while it has its default.
  constexpr Field tagged(std::int32_t number) const {
    Field copy = *this;
    copy.tag = number;
    return copy;
  }
  constexpr Field bytes() const {
    Field copy = *this;
    copy.is_bytes = true;
    return copy;
  }
  /// Dropped in versions that do not have it. Without this word, a value other than the default is
  /// an error there.
  constexpr Field ignorable() const {
    Field copy = *this;
    copy.is_ignorable = true;
    return copy;
  }

  constexpr bool is_tagged() const { return tag != kNoTag; }
};

}  // namespace millrace::wire
