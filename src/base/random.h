// Chance as an argument: a small, fast, seedable generator. Cores are handed one; nobody draws from
// a global.
#pragma once

#include <array>
#include <cstdint>

namespace millrace {

/// xoshiro256** seeded by splitmix64. Not for secrets. Not thread-safe: one per owner.
/// source  Blackman and Vigna, "Scrambled linear pseudorandom number generators"
class Random {
 public:
  using result_type = std::uint64_t;

  explicit Random(std::uint64_t seed);
  /// Seeded by the operating system.
  static Random from_entropy();

  std::uint64_t next();
  /// Uniform in [0, bound); bound must not be 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1).
  double unit();
  /// True with the given probability.
  bool chance(double probability) { return unit() < probability; }

  // So that it can drive <random> and std::shuffle.
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return UINT64_MAX; }
  result_type operator()() { return next(); }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace millrace
