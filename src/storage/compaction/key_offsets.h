// KeyOffsets: where the last record of each key stands, in memory of a fixed size however long the
// keys are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/sip_hash.h"
#include "model/ids.h"

namespace millrace::storage {

/// A key, and where a record of it stands.
struct KeyAt {
  std::string_view key;
  Offset offset;
};

/// Holds a 128-bit hash in the place of each key: two keys with one hash would be taken for one.
/// Kafka does the same, with MD5; here the hash has a secret key, so that nobody can look for
/// such keys (ADR 29).
///   keys.begin(…);  keys.put(…) as often as need be;  keys.seal(…);  keys.is_last(…)
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
  /// Notes the last record of each key so far, in order. Where there is no room for another key it
  /// ends with the offset of that record.
  /// cost  a hash and a place in the table for each; the places are fetched ahead, so many at once
  ///       are cheaper
  std::optional<Offset> put(std::span<const KeyAt> records);
  /// All that is_last() will be asked of from `first` up to, not including, `end` was put. From now
  /// on it knows those by a bit each, unless that took more than an eighth of the table.
  /// cost  a walk over the table
  void seal(Offset first, Offset end);
  /// Whether no later record of its key was put.
  /// cost  a bit looked up between the bounds that seal() was given, a hash and a place in the table
  ///       elsewhere
  bool is_last(std::string_view key, Offset offset) const;
  /// kNoOffset when there is none.
  Offset last_of(std::string_view key) const;

  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const {
    return slots_.size() * sizeof(Slot) + last_.size() * sizeof(last_[0]);
  }

 private:
  struct Slot {
    Hash128 hash;
    Offset offset = kNoOffset;
  };
  static_assert(sizeof(Slot) == 24);

  std::size_t home_of(const Hash128& hash) const;
  std::size_t find(const Hash128& hash) const;
  bool put_hashed(const Hash128& hash, Offset offset);

  std::size_t bytes_max_;
  SipKey key_;
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  std::size_t size_max_ = 0;
  Offset sealed_first_;
  Offset sealed_end_;
  std::vector<std::uint64_t> last_;  // a bit for each offset in between: whether it is a key's last
};

}  // namespace millrace::storage
