#include "storage/compaction/key_offsets.h"

#include <algorithm>

namespace millrace::storage {
namespace {

__extension__ using Wide = unsigned __int128;

}  // namespace

void KeyOffsets::begin(std::size_t keys_expected) {
  const std::size_t keys_max = std::max<std::size_t>(bytes_max_ / kBytesPerKey, 1);
  size_max_ = std::clamp<std::size_t>(keys_expected, 1, keys_max);
  size_ = 0;
  // A quarter stays free, and at least one slot: that ends each search.
  const std::size_t count = size_max_ + size_max_ / 3 + 1;
  if (count > slots_.capacity() || count < slots_.capacity() / 4) slots_ = {};
  slots_.assign(count, Slot{});
}

void KeyOffsets::end() {
  slots_ = {};
  size_ = size_max_ = 0;
}

bool KeyOffsets::put(std::string_view key, Offset offset) {
  const Hash128 hash = sip_hash_128(key_, key);
  Slot& slot = slots_[find(hash)];
  if (slot.offset == kNoOffset) {
    if (size_ == size_max_) return false;
    ++size_;
    slot.hash = hash;
  }
  slot.offset = offset;
  return true;
}

Offset KeyOffsets::last_of(std::string_view key) const {
  return slots_.empty() ? kNoOffset : slots_[find(sip_hash_128(key_, key))].offset;
}

/// The slot that holds `hash`, or the free one where it would go.
std::size_t KeyOffsets::find(const Hash128& hash) const {
  const std::size_t count = slots_.size();
  auto at = static_cast<std::size_t>((Wide{hash.low} * Wide{count}) >> 64U);
  while (slots_[at].offset != kNoOffset && slots_[at].hash != hash) {
    if (++at == count) at = 0;
  }
  return at;
}

}  // namespace millrace::storage
