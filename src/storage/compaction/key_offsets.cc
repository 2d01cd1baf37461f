#include "storage/compaction/key_offsets.h"

#include <algorithm>
#include <array>

namespace millrace::storage {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::size_t kBits = 64;
/// How many places in the table are fetched before the first of them is looked at.
constexpr std::size_t kAhead = 32;

}  // namespace

void KeyOffsets::begin(std::size_t keys_expected) {
  const std::size_t keys_max = std::max<std::size_t>(bytes_max_ / kBytesPerKey, 1);
  size_max_ = std::clamp<std::size_t>(keys_expected, 1, keys_max);
  size_ = 0;
  // A quarter stays free, and at least one slot: that ends each search.
  const std::size_t count = size_max_ + size_max_ / 3 + 1;
  if (count > slots_.capacity() || count < slots_.capacity() / 4) slots_ = {};
  slots_.assign(count, Slot{});
  sealed_first_ = sealed_end_ = {};
  last_.clear();
}

void KeyOffsets::end() {
  slots_ = {};
  sealed_first_ = sealed_end_ = {};
  last_ = {};
  size_ = size_max_ = 0;
}

std::optional<Offset> KeyOffsets::put(std::span<const KeyAt> records) {
  std::array<Hash128, kAhead> hashes;
  while (!records.empty()) {
    const auto group = records.first(std::min(records.size(), kAhead));
    for (std::size_t i = 0; i < group.size(); ++i) {
      hashes[i] = sip_hash_128(key_, group[i].key);
      __builtin_prefetch(&slots_[home_of(hashes[i])], 1);
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (!put_hashed(hashes[i], group[i].offset)) return group[i].offset;
    }
    records = records.subspan(group.size());
  }
  return std::nullopt;
}

bool KeyOffsets::put_hashed(const Hash128& hash, Offset offset) {
  Slot& slot = slots_[find(hash)];
  if (slot.offset == kNoOffset) {
    if (size_ == size_max_) return false;
    ++size_;
    slot.hash = hash;
  }
  slot.offset = offset;
  return true;
}

void KeyOffsets::seal(Offset first, Offset end) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(end - first, 0));
  if (count > memory_bytes()) return;  // a bit each would be more than an eighth
  last_.assign((count + kBits - 1) / kBits, 0);
  sealed_first_ = first;
  sealed_end_ = end;
  for (const Slot& slot : slots_) {
    if (slot.offset < first || slot.offset >= end) continue;
    const auto at = static_cast<std::size_t>(slot.offset - first);
    last_[at / kBits] |= std::uint64_t{1} << (at % kBits);
  }
}

bool KeyOffsets::is_last(std::string_view key, Offset offset) const {
  if (offset < sealed_first_ || offset >= sealed_end_) return offset >= last_of(key);
  const auto at = static_cast<std::size_t>(offset - sealed_first_);
  return (last_[at / kBits] >> (at % kBits) & 1U) != 0;
}

Offset KeyOffsets::last_of(std::string_view key) const {
  return slots_.empty() ? kNoOffset : slots_[find(sip_hash_128(key_, key))].offset;
}

/// Where the search for `hash` begins.
std::size_t KeyOffsets::home_of(const Hash128& hash) const {
  return static_cast<std::size_t>((Wide{hash.low} * Wide{slots_.size()}) >> 64U);
}

/// The slot that holds `hash`, or the free one where it would go.
std::size_t KeyOffsets::find(const Hash128& hash) const {
  std::size_t at = home_of(hash);
  while (slots_[at].offset != kNoOffset && slots_[at].hash != hash) {
    if (++at == slots_.size()) at = 0;
  }
  return at;
}

}  // namespace millrace::storage
