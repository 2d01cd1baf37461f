#include "wire/crc32c.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#include "wire/crc32c_polynomial.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace millrace::wire {
namespace {

using ByteTable = std::array<std::uint32_t, 256>;

/// tables[n][b]: what byte b adds when n more bytes follow it. For eight bytes at a time.
constexpr std::array<ByteTable, 8> make_slicing_tables() {
  std::array<ByteTable, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = times_x(crc);
    tables[0][byte] = crc;
  }
  for (std::size_t n = 1; n < 8; ++n) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t crc = tables[n - 1][byte];
      tables[n][byte] = (crc >> 8U) ^ tables[0][crc & 0xffU];
    }
  }
  return tables;
}

constexpr auto kSlicingTables = make_slicing_tables();

std::uint64_t load_little_endian(const char* from) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

std::uint32_t extend_by_byte(std::uint32_t crc, char byte) {
  return (crc >> 8U) ^ kSlicingTables[0][(crc ^ static_cast<unsigned char>(byte)) & 0xffU];
}

#if defined(__x86_64__)

/// For moving a CRC over a fixed number of bytes with four look-ups.
constexpr std::array<ByteTable, 4> make_shift_tables(std::uint64_t byte_count) {
  const std::uint32_t factor = power_of_x(byte_count * 8);
  std::array<ByteTable, 4> tables{};
  for (std::uint32_t n = 0; n < 4; ++n) {
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      tables[n][byte] = multiply(factor, byte << (8U * n));
    }
  }
  return tables;
}

// The crc32 instruction takes three cycles but one can start every cycle: three lanes keep it busy.
constexpr std::size_t kLongLane = 4096;
constexpr std::size_t kShortLane = 256;
constexpr auto kLongShift = make_shift_tables(kLongLane);
constexpr auto kShortShift = make_shift_tables(kShortLane);

std::uint64_t shifted(const std::array<ByteTable, 4>& tables, std::uint64_t crc) {
  return tables[0][crc & 0xffU] ^ tables[1][(crc >> 8U) & 0xffU] ^ tables[2][(crc >> 16U) & 0xffU] ^
         tables[3][(crc >> 24U) & 0xffU];
}

__attribute__((target("sse4.2"))) std::uint64_t extend_three_lanes(
    std::uint64_t crc, const char* from, std::size_t lane_size,
    const std::array<ByteTable, 4>& shift) {
  std::uint64_t second = 0;
  std::uint64_t third = 0;
  for (std::size_t at = 0; at < lane_size; at += 8) {
    crc = _mm_crc32_u64(crc, load_little_endian(from + at));
    second = _mm_crc32_u64(second, load_little_endian(from + lane_size + at));
    third = _mm_crc32_u64(third, load_little_endian(from + 2 * lane_size + at));
  }
  return shifted(shift, shifted(shift, crc) ^ second) ^ third;
}

#endif

}  // namespace

namespace internal {

std::uint32_t crc32c_software(std::string_view bytes, std::uint32_t seed) {
  std::uint32_t crc = ~seed;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = load_little_endian(at) ^ crc;
    crc = 0;
    for (unsigned n = 0; n < 8; ++n) crc ^= kSlicingTables[7 - n][(word >> (8U * n)) & 0xffU];
  }
  for (; left > 0; ++at, --left) crc = extend_by_byte(crc, *at);
  return ~crc;
}

#if defined(__x86_64__)

bool crc32c_has_hardware() {
  return __builtin_cpu_supports("sse4.2") != 0;
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_hardware(std::string_view bytes,
                                                                std::uint32_t seed) {
  std::uint64_t crc = ~seed;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3 * kLongLane; at += 3 * kLongLane, left -= 3 * kLongLane) {
    crc = extend_three_lanes(crc, at, kLongLane, kLongShift);
  }
  for (; left >= 3 * kShortLane; at += 3 * kShortLane, left -= 3 * kShortLane) {
    crc = extend_three_lanes(crc, at, kShortLane, kShortShift);
  }
  for (; left >= 8; at += 8, left -= 8) crc = _mm_crc32_u64(crc, load_little_endian(at));
  auto crc32 = static_cast<std::uint32_t>(crc);
  for (; left > 0; ++at, --left) crc32 = _mm_crc32_u8(crc32, static_cast<unsigned char>(*at));
  return ~crc32;
}

#else

bool crc32c_has_hardware() {
  return false;
}
std::uint32_t crc32c_hardware(std::string_view bytes, std::uint32_t seed) {
  return crc32c_software(bytes, seed);
}

#endif

}  // namespace internal

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
  static const bool has_hardware = internal::crc32c_has_hardware();
  static const bool has_folding = internal::crc32c_has_folding();
  if (has_folding && bytes.size() >= internal::kFoldedBytesMin) {
    return internal::crc32c_folding(bytes, seed);
  }
  return has_hardware ? internal::crc32c_hardware(bytes, seed)
                      : internal::crc32c_software(bytes, seed);
}

}  // namespace millrace::wire
