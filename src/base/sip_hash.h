// SipHash-2-4 with 128 bits: a hash whose collisions nobody can make who does not know its key. For
// tables that stand in for what strangers send, where the hash is compared and never the thing
// itself.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/random.h"

namespace millrace {

struct SipKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  static SipKey draw(Random& random) { return {random.next(), random.next()}; }
};

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  bool operator==(const Hash128&) const = default;
};

/// source  Aumasson and Bernstein, "SipHash: a fast short-input PRF"
/// cost    about 1 ns a byte and 20 ns
Hash128 sip_hash_128(const SipKey& key, std::string_view bytes);

}  // namespace millrace
