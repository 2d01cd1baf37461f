// CRC-32C by folding: what lies N bits before the end is replaced by its product with x^N, modulo
// the polynomial, until 16 bytes are left that mean the same.
// source  V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ" (Intel)

#include <array>

#include "wire/crc32c.h"
#include "wire/crc32c_polynomial.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace millrace::wire::internal {

#if defined(__x86_64__)

namespace {

#define MILLRACE_FOLDING __attribute__((target("avx512f,vpclmulqdq,pclmul,sse4.2")))

constexpr std::size_t kVectorBytes = 64;
constexpr std::size_t kBlockBytes = 4 * kVectorBytes;  // four chains keep the multiplier busy
static_assert(kFoldedBytesMin >= kBlockBytes);

// As an operand of the multiplication, where bit 63 is x^0.
constexpr long long factor(std::uint64_t exponent) {
  return static_cast<long long>(std::uint64_t{power_of_x(exponent)} << 32U);
}

/// For moving each 16 bytes on by `bits`. The first eight of them are worth x^64 more than the
/// others; a product of reflected operands comes out times x, which is taken off here.
struct Factors {
  explicit constexpr Factors(std::uint64_t bits)
      : first(factor(bits + 64 - 1)), second(factor(bits - 1)) {}
  long long first;
  long long second;
};
constexpr Factors kByBlock(kBlockBytes * 8);
constexpr Factors kByVector(kVectorBytes * 8);
constexpr Factors kByLane(128);

MILLRACE_FOLDING inline __m512i four_times(const Factors& by) {
  return _mm512_set4_epi64(by.second, by.first, by.second, by.first);
}

MILLRACE_FOLDING inline __m128i fold(__m128i value, __m128i by, __m128i onto) {
  const __m128i first = _mm_clmulepi64_si128(value, by, 0x00);
  const __m128i second = _mm_clmulepi64_si128(value, by, 0x11);
  return _mm_xor_si128(_mm_xor_si128(first, second), onto);
}

MILLRACE_FOLDING inline __m512i fold(__m512i value, __m512i by, __m512i onto) {
  constexpr int kXorOfThree = 0x96;
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(value, by, 0x00),
                                   _mm512_clmulepi64_epi128(value, by, 0x11), onto, kXorOfThree);
}

MILLRACE_FOLDING inline __m512i load(const char* from) {
  return _mm512_loadu_si512(from);
}

}  // namespace

bool crc32c_has_folding() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("vpclmulqdq") != 0 &&
         __builtin_cpu_supports("pclmul") != 0 && crc32c_has_hardware();
}

MILLRACE_FOLDING std::uint32_t crc32c_folding(std::string_view bytes, std::uint32_t seed) {
  const char* at = bytes.data();
  const __m128i start = _mm_cvtsi32_si128(static_cast<int>(~seed));
  __m512i a = _mm512_xor_si512(load(at), _mm512_zextsi128_si512(start));
  __m512i b = load(at + kVectorBytes);
  __m512i c = load(at + 2 * kVectorBytes);
  __m512i d = load(at + 3 * kVectorBytes);
  at += kBlockBytes;
  std::size_t left = bytes.size() - kBlockBytes;

  const __m512i by_block = four_times(kByBlock);
  for (; left >= kBlockBytes; at += kBlockBytes, left -= kBlockBytes) {
    a = fold(a, by_block, load(at));
    b = fold(b, by_block, load(at + kVectorBytes));
    c = fold(c, by_block, load(at + 2 * kVectorBytes));
    d = fold(d, by_block, load(at + 3 * kVectorBytes));
  }
  const __m512i by_vector = four_times(kByVector);
  d = fold(fold(fold(a, by_vector, b), by_vector, c), by_vector, d);

  alignas(kVectorBytes) std::array<long long, 8> words;
  _mm512_store_si512(words.data(), d);
  const __m128i by_lane = _mm_set_epi64x(kByLane.second, kByLane.first);
  __m128i lane = _mm_set_epi64x(words[1], words[0]);
  for (std::size_t i = 2; i < words.size(); i += 2) {
    lane = fold(lane, by_lane, _mm_set_epi64x(words[i + 1], words[i]));
  }

  std::uint64_t crc = _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(lane)));
  crc = _mm_crc32_u64(crc, static_cast<std::uint64_t>(_mm_extract_epi64(lane, 1)));
  return crc32c_hardware({at, left}, ~static_cast<std::uint32_t>(crc));
}

#else

bool crc32c_has_folding() {
  return false;
}
std::uint32_t crc32c_folding(std::string_view bytes, std::uint32_t seed) {
  return crc32c_software(bytes, seed);
}

#endif

}  // namespace millrace::wire::internal
