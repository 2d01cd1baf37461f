// Variable-length integers: 7 bits a byte, low group first; signed ones are zig-zag coded.
// Kafka uses the unsigned form for lengths in flexible messages (KIP-482) and the signed one in
// records.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace {

inline constexpr std::size_t kVarint32BytesMax = 5;
inline constexpr std::size_t kVarint64BytesMax = 10;

constexpr std::uint32_t zigzag(std::int32_t value) {
  return (static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31);
}
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int32_t unzigzag(std::uint32_t value) {
  return static_cast<std::int32_t>((value >> 1) ^ (~(value & 1U) + 1U));
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1U) + 1U));
}

/// Bytes that `value` takes: 1 to 10.
constexpr std::size_t uvarint_size(std::uint64_t value) {
  const auto bits = static_cast<std::size_t>(64 - __builtin_clzll(value | 1U));
  return (bits + 6) / 7;
}
constexpr std::size_t varint_size(std::int32_t value) {
  return uvarint_size(zigzag(value));
}
constexpr std::size_t varint_size(std::int64_t value) {
  return uvarint_size(zigzag(value));
}

/// Writes `value` at `to`, which has room for uvarint_size(value) bytes; returns the end.
inline char* write_uvarint(char* to, std::uint64_t value) {
  while (value >= 0x80U) {
    *to++ = static_cast<char>(static_cast<unsigned char>(value | 0x80U));
    value >>= 7U;
  }
  *to++ = static_cast<char>(value);
  return to;
}
inline char* write_varint(char* to, std::int32_t value) {
  return write_uvarint(to, zigzag(value));
}
inline char* write_varint(char* to, std::int64_t value) {
  return write_uvarint(to, zigzag(value));
}

/// Reads an unsigned varint of at most 32 bits from [from, end) into `value`.
/// Returns the end of the varint, or null when the bytes are cut short or say more than 32 bits.
const char* read_uvarint32(const char* from, const char* end, std::uint32_t& value);
/// The same for 64 bits.
const char* read_uvarint64(const char* from, const char* end, std::uint64_t& value);

}  // namespace millrace
