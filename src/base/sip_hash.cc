#include "base/sip_hash.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace millrace {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  }
  void take(std::uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  std::uint64_t fold() const { return v0 ^ v1 ^ v2 ^ v3; }
};

}  // namespace

Hash128 sip_hash_128(const SipKey& key, std::string_view bytes) {
  SipState state{key.low ^ 0x736f6d6570736575U, key.high ^ 0x646f72616e646f6dU ^ 0xeeU,
                 key.low ^ 0x6c7967656e657261U, key.high ^ 0x7465646279746573U};
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= sizeof(std::uint64_t); left -= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    state.take(word);
    at += sizeof word;
  }
  std::uint64_t last = 0;
  if (left > 0) std::memcpy(&last, at, left);
  state.take(last | (std::uint64_t{bytes.size()} << 56U));
  state.v2 ^= 0xeeU;
  state.rounds(4);
  const std::uint64_t low = state.fold();
  state.v1 ^= 0xddU;
  state.rounds(4);
  return {low, state.fold()};
}

}  // namespace millrace
