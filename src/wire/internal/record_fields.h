// The fields of a record, read where they lie: shared by what reads records and what only checks
// them. Each reads from `from` and returns where it ended, or null when the field passes `end` or
// makes no sense.
//
// Inlined by force: with two files of callers the compiler does not do so any more, and the calls
// for each length, key and value showed in what a stream pays to read, filter and send a record of
// 100 bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/varint.h"

namespace millrace::wire::internal {

/// Like read_uvarint32, with the lengths that are nearly always met kept inline.
[[gnu::always_inline]] inline const char* read_short(const char* from, const char* end,
                                                     std::int32_t& value) {
  if (end - from >= 2) [[likely]] {
    const auto first = static_cast<unsigned char>(from[0]);
    if ((first & 0x80U) == 0) {
      value = unzigzag(std::uint32_t{first});
      return from + 1;
    }
    const auto second = static_cast<unsigned char>(from[1]);
    if ((second & 0x80U) == 0) {
      value = unzigzag((first & 0x7fU) | (std::uint32_t{second} << 7U));
      return from + 2;
    }
  }
  std::uint32_t raw = 0;
  from = read_uvarint32(from, end, raw);
  value = unzigzag(raw);
  return from;
}

[[gnu::always_inline]] inline const char* read_long(const char* from, const char* end,
                                                    std::int64_t& value) {
  if (end - from >= 2) [[likely]] {
    const auto first = static_cast<unsigned char>(from[0]);
    if ((first & 0x80U) == 0) {
      value = unzigzag(std::uint64_t{first});
      return from + 1;
    }
    const auto second = static_cast<unsigned char>(from[1]);
    if ((second & 0x80U) == 0) {
      value = unzigzag((first & 0x7fU) | (std::uint64_t{second} << 7U));
      return from + 2;
    }
  }
  std::uint64_t raw = 0;
  from = read_uvarint64(from, end, raw);
  value = unzigzag(raw);
  return from;
}

/// Reads a length and that many bytes; -1 is null. Returns null when the length lies.
[[gnu::always_inline]] inline const char* read_field(const char* from, const char* end,
                                                     std::optional<std::string_view>& field) {
  std::int32_t length = 0;
  from = read_short(from, end, length);
  if (from == nullptr) return nullptr;
  if (length < 0) {
    field.reset();
    return length == -1 ? from : nullptr;
  }
  if (end - from < length) return nullptr;
  field.emplace(from, static_cast<std::size_t>(length));
  return from + length;
}

/// As read_field, for who asks for the length only.
inline const char* skip_field(const char* from, const char* end, std::int32_t& length) {
  from = read_short(from, end, length);
  if (from == nullptr || length < -1 || length > end - from) return nullptr;
  return from + std::max(length, 0);
}

/// Walks `count` headers to their end, or returns null at the first that lies.
inline const char* skip_headers(const char* from, const char* end, std::int32_t count) {
  std::int32_t length = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    from = skip_field(from, end, length);
    if (from == nullptr || length < 0) return nullptr;  // a header's key may not be null
    from = skip_field(from, end, length);
    if (from == nullptr) return nullptr;
  }
  return from;
}

}  // namespace millrace::wire::internal
