#include "base/random.h"

#include <bit>
#include <random>

#include "base/check.h"

namespace millrace {
namespace {

__extension__ using Uint128 = unsigned __int128;

}  // namespace

Random::Random(std::uint64_t seed) : state_{} {
  for (auto& word : state_) {
    seed += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    word = mixed ^ (mixed >> 31U);
  }
}

Random Random::from_entropy() {
  std::random_device device;
  const std::uint64_t high = device();
  return Random((high << 32U) | device());
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  CHECK(bound > 0, "below(0) has no answer");
  // Multiply-shift; the bias is below 2^-32 for every bound in use here.
  return static_cast<std::uint64_t>((static_cast<Uint128>(next()) * bound) >> 64U);
}

double Random::unit() {
  return static_cast<double>(next() >> 11U) * 0x1.0p-53;
}

}  // namespace millrace
