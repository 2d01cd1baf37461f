// Arithmetic with polynomials modulo that of CRC-32C, for making tables and factors when compiling.
#pragma once

#include <cstdint>

namespace millrace::wire {

// Bits are reflected throughout: bit 31 is x^0.
inline constexpr std::uint32_t kPolynomial = 0x82f63b78;

constexpr std::uint32_t times_x(std::uint32_t value) {
  return (value & 1U) != 0 ? (value >> 1U) ^ kPolynomial : value >> 1U;
}

constexpr std::uint32_t multiply(std::uint32_t left, std::uint32_t right) {
  std::uint32_t product = 0;
  for (std::uint32_t bit = 0x80000000U; bit != 0; bit >>= 1U) {
    if ((left & bit) != 0) product ^= right;
    right = times_x(right);
  }
  return product;
}

/// x to the power of `exponent`: the factor that appending `exponent` zero bits means.
constexpr std::uint32_t power_of_x(std::uint64_t exponent) {
  std::uint32_t result = 0x80000000U;  // x^0
  std::uint32_t square = 0x40000000U;  // x^1
  for (; exponent != 0; exponent >>= 1U) {
    if ((exponent & 1U) != 0) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

}  // namespace millrace::wire
