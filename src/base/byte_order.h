// Big-endian integers at an address: what Kafka's protocol, batches and index files are written in.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>

namespace millrace {

template <std::integral T>
constexpr T byte_swapped(T value) {
  using U = std::make_unsigned_t<T>;
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<U>(value)));
  if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<U>(value)));
  if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(static_cast<U>(value)));
}

static_assert(std::endian::native == std::endian::little, "big-endian hosts are not supported");

/// Reads sizeof(T) bytes at `from`, which need not be aligned.
template <std::integral T>
T load_big_endian(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return byte_swapped(value);
}

/// Writes sizeof(T) bytes at `to`, which need not be aligned.
template <std::integral T>
void store_big_endian(char* to, T value) {
  value = byte_swapped(value);
  std::memcpy(to, &value, sizeof(T));
}

}  // namespace millrace
