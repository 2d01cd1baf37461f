// KeyOffsets: where the last record of each key stands, in memory of a fixed size however long the
// keys are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/sip_hash.h"
#include "model/ids.h"

namespace millrace::storage {

/// Holds a 128-bit hash in the place of each key: two keys with one hash would be taken for one.
/// Kafka does the same, with MD5; here the hash has a secret key, so that nobody can look for
/// such keys (ADR 29).
/// thread  one at a time
class KeyOffsets {
 public:
  /// What one key costs, the room that keeps look-ups short included.
  static constexpr std::size_t kBytesPerKey = 32;

  /// bytes_max  of the table; at least one key is held
  KeyOffsets(std::size_t bytes_max, const SipKey& key) : bytes_max_(bytes_max), key_(key) {}

  /// Forgets all keys, and takes memory for `keys_expected`, or for as many as there may be.
  void begin(std::size_t keys_expected);
  /// Forgets all keys and gives the memory back.
  void end();
  /// Notes the last record of `key` so far. False: there is no room for another key.
  bool put(std::string_view key, Offset offset);
  /// kNoOffset when there is none.
  Offset last_of(std::string_view key) const;

  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    Hash128 hash;
    Offset offset = kNoOffset;
  };
  static_assert(sizeof(Slot) == 24);

  std::size_t find(const Hash128& hash) const;

  std::size_t bytes_max_;
  SipKey key_;
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  std::size_t size_max_ = 0;
};

}  // namespace millrace::storage
