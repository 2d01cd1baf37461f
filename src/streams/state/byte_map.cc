#include "streams/state/byte_map.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace millrace::streams {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t load64(const char* from) {
  std::uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

std::uint64_t load_tail(const char* from, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, size);
  return value;
}

// Odd constants with well-spread bits, from the fractional parts of square roots of primes.
constexpr std::uint64_t kSeed = 0x6a09e667f3bcc909U;
constexpr std::uint64_t kStep = 0xbb67ae8584caa73bU;
constexpr std::uint64_t kLast = 0x3c6ef372fe94f82bU;

constexpr std::size_t kSlotsMin = 16;
constexpr std::size_t kChunkBytesMax = 256 * 1024;
constexpr std::size_t kDeadBytesWorthCompacting = 1024 * 1024;

}  // namespace

std::uint64_t hash_bytes(std::string_view bytes) {
  const char* from = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t hash = kSeed ^ (left * kStep);
  for (; left > 8; left -= 8, from += 8) hash = mixed(load64(from) ^ kStep, hash ^ kLast);
  if (left == 8) return mixed(load64(from) ^ kStep, hash ^ kLast);
  if (left > 0) hash ^= load_tail(from, left);
  return mixed(hash ^ kStep, kLast);
}

char* ByteArena::allocate(std::size_t size) {
  if (size > left_) {
    const std::size_t chunk = std::max(size, chunk_size_);
    chunk_size_ = std::min(chunk_size_ * 2, kChunkBytesMax);
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk));
    next_ = chunks_.back().get();
    left_ = chunk;
  }
  char* const start = next_;
  next_ += size;
  left_ -= size;
  used_ += size;
  return start;
}

std::optional<StoredValue> ByteMap::find(std::string_view key) const {
  const Entry* const entry = const_cast<ByteMap*>(this)->lookup(key, hash_bytes(key));
  if (entry == nullptr || !entry->has_value) return std::nullopt;
  return StoredValue{entry->value_view(), Timestamp{entry->timestamp}};
}

void ByteMap::put(std::string_view key, std::string_view value, Timestamp timestamp) {
  const std::uint64_t hash = hash_bytes(key);
  Entry* entry = lookup(key, hash);
  if (entry == nullptr) entry = &insert(key, hash);
  begin_change(*entry);
  set_value(*entry, value);
  entry->timestamp = timestamp.value();
}

void ByteMap::restore(std::string_view key, std::string_view value, Timestamp timestamp) {
  CHECK(!has_changes(), "a restore is not a change: it cannot be mixed with any");
  const std::uint64_t hash = hash_bytes(key);
  Entry* entry = lookup(key, hash);
  if (entry == nullptr) entry = &insert(key, hash);
  set_value(*entry, value);
  entry->timestamp = timestamp.value();
  entry->is_logged = true;
  old_count_ = entries_.size();
}

void ByteMap::erase(std::string_view key) {
  Entry* const entry = lookup(key, hash_bytes(key));
  if (entry == nullptr || !entry->has_value) return;
  begin_change(*entry);
  entry->has_value = false;
  --live_;
}

void ByteMap::forget(std::string_view key) {
  const Entry* const entry = lookup(key, hash_bytes(key));
  if (entry == nullptr) return;
  CHECK(!has_changes(), "forgetting moves entries, which saved values would not follow");
  remove(static_cast<std::uint32_t>(entry - entries_.data()));
  old_count_ = entries_.size();
}

Timestamp ByteMap::update(std::string_view key, Timestamp timestamp, StateUpdater& updater) {
  const std::uint64_t hash = hash_bytes(key);
  Entry* entry = lookup(key, hash);
  const bool is_known = entry != nullptr && entry->has_value;
  const auto value = updater.update(is_known ? std::optional(entry->value_view()) : std::nullopt);
  if (!value) return timestamp;

  if (entry == nullptr) entry = &insert(key, hash);
  begin_change(*entry);
  set_value(*entry, *value);
  entry->timestamp = is_known ? std::max(entry->timestamp, timestamp.value()) : timestamp.value();
  return Timestamp{entry->timestamp};
}

ByteMap::Entry* ByteMap::lookup(std::string_view key, std::uint64_t hash) {
  if (slots_.empty()) return nullptr;
  const std::size_t mask = slots_.size() - 1;
  const auto high = static_cast<std::uint32_t>(hash >> 32U);
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.index_plus_one == 0) return nullptr;
    if (slot.hash_high != high) continue;
    Entry& entry = entries_[slot.index_plus_one - 1];
    if (entry.key_view() == key) return &entry;
  }
}

ByteMap::Entry& ByteMap::insert(std::string_view key, std::uint64_t hash) {
  CHECK(key.size() <= std::numeric_limits<std::uint32_t>::max(), "key of {} bytes", key.size());
  CHECK(entries_.size() < std::numeric_limits<std::uint32_t>::max() - 1, "table is full");
  if ((entries_.size() + 1) * 3 > slots_.size() * 2) grow_slots();
  char* const copy = arena_.allocate(key.size());
  if (!key.empty()) std::memcpy(copy, key.data(), key.size());
  Entry entry{};
  entry.key = copy;
  entry.key_size = static_cast<std::uint32_t>(key.size());
  entry.hash = hash;
  entries_.push_back(entry);
  place(hash, static_cast<std::uint32_t>(entries_.size() - 1));
  return entries_.back();
}

void ByteMap::set_value(Entry& entry, std::string_view value) {
  CHECK(value.size() <= std::numeric_limits<std::uint32_t>::max(), "value of {} bytes",
        value.size());
  if (!entry.has_value) {
    entry.has_value = true;
    ++live_;
  }
  const auto size = static_cast<std::uint32_t>(value.size());
  const std::size_t capacity = entry.far_capacity == 0 ? kInlineBytesMax : entry.far_capacity;
  if (entry.shares_far && size <= kInlineBytesMax) {
    if (size > 0)
      std::memcpy(entry.near, value.data(), size);  // `value` lies elsewhere: behind `far`, if here
    entry.far_capacity = 0;
    entry.shares_far = false;
  } else if (size > capacity || entry.shares_far) {
    // Room to grow into; the old place stays readable, since `value` may be a view of it.
    const std::uint32_t wanted = size <= (1U << 30U) ? size + size / 2 : size;
    char* const far = arena_.allocate(wanted);
    std::memcpy(far, value.data(), size);
    if (!entry.shares_far) dead_bytes_ += entry.far_capacity;
    entry.shares_far = false;
    entry.far = far;
    entry.far_capacity = wanted;
  } else if (size > 0) {
    std::memmove(entry.far_capacity == 0 ? entry.near : entry.far, value.data(), size);
  }
  entry.value_size = size;
  if (dead_bytes_ > kDeadBytesWorthCompacting && dead_bytes_ * 2 > arena_.used_bytes()) {
    compact_arena();
  }
}

/// Before an entry changes: marks it, and saves what it held when this is the first change since
/// the last commit.
void ByteMap::begin_change(Entry& entry) {
  if (entry.is_dirty) return;
  entry.is_dirty = true;
  const auto index = static_cast<std::uint32_t>(&entry - entries_.data());
  dirty_.push_back(index);
  if (index < old_count_ && !entry.is_saved) save(entry);
}

/// Long values are not copied: the entry leaves its memory to the saved value and gets new.
void ByteMap::save(Entry& entry) {
  Saved saved{};
  saved.index = static_cast<std::uint32_t>(&entry - entries_.data());
  saved.timestamp = entry.timestamp;
  saved.value_size = entry.value_size;
  saved.far_capacity = entry.far_capacity;
  if (entry.far_capacity == 0) {
    std::memcpy(saved.near, entry.near, kInlineBytesMax);
  } else {
    saved.far = entry.far;
    entry.shares_far = true;
  }
  entry.is_saved = true;
  saved_.push_back(saved);
}

void ByteMap::commit() {
  CHECK(dirty_.empty(), "a commit of changes that were not written");
  for (const Saved& saved : saved_) {
    Entry& entry = entries_[saved.index];
    entry.is_saved = false;
    if (!entry.shares_far) dead_bytes_ += saved.far_capacity;
    entry.shares_far = false;
  }
  remove_without_value();
  saved_.clear();
  old_count_ = entries_.size();
}

void ByteMap::abort() {
  for (const Saved& saved : saved_) put_back(saved);
  while (entries_.size() > old_count_) remove(static_cast<std::uint32_t>(entries_.size() - 1));
  dirty_.clear();
  saved_.clear();
}

void ByteMap::put_back(const Saved& saved) {
  Entry& entry = entries_[saved.index];
  if (!entry.has_value) ++live_;
  if (!entry.shares_far) dead_bytes_ += entry.far_capacity;
  entry.has_value = true;
  entry.is_logged = true;
  entry.timestamp = saved.timestamp;
  entry.value_size = saved.value_size;
  entry.far_capacity = saved.far_capacity;
  if (saved.far_capacity == 0) {
    std::memcpy(entry.near, saved.near, kInlineBytesMax);
  } else {
    entry.far = saved.far;
  }
  entry.is_dirty = entry.is_saved = entry.shares_far = false;
}

/// From the back, so that the entry that fills a gap is never one that is to go itself.
void ByteMap::remove_without_value() {
  if (live_ == entries_.size()) return;
  for (std::size_t index = entries_.size(); index-- > old_count_;) {
    if (!entries_[index].has_value) remove(static_cast<std::uint32_t>(index));
  }
  std::sort(saved_.begin(), saved_.end(),
            [](const Saved& a, const Saved& b) { return a.index > b.index; });
  for (const Saved& saved : saved_) {
    if (!entries_[saved.index].has_value) remove(saved.index);
  }
}

/// Closes the gap in the slots by moving later ones of the run back, and the gap in the entries by
/// moving the last one there. Only while saved_ and dirty_, which hold indices, are used no more.
void ByteMap::remove(std::uint32_t index) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t gap = slot_of(index);
  slots_[gap] = {};
  for (std::size_t at = (gap + 1) & mask; slots_[at].index_plus_one != 0; at = (at + 1) & mask) {
    const std::size_t home = entries_[slots_[at].index_plus_one - 1].hash & mask;
    if (((at - home) & mask) < ((at - gap) & mask)) continue;  // would end up before its home
    slots_[gap] = slots_[at];
    slots_[at] = {};
    gap = at;
  }

  const Entry& entry = entries_[index];
  dead_bytes_ += entry.key_size + entry.far_capacity;
  if (entry.has_value) --live_;
  const auto last = static_cast<std::uint32_t>(entries_.size() - 1);
  if (index != last) {
    slots_[slot_of(last)].index_plus_one = index + 1;
    entries_[index] = entries_[last];
  }
  entries_.pop_back();
}

std::size_t ByteMap::slot_of(std::uint32_t index) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = entries_[index].hash & mask;
  while (slots_[at].index_plus_one != index + 1) at = (at + 1) & mask;
  return at;
}

void ByteMap::grow_slots() {
  const std::size_t count = slots_.empty() ? kSlotsMin : slots_.size() * 2;
  slots_.assign(count, Slot{});
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    place(entries_[i].hash, static_cast<std::uint32_t>(i));
  }
}

void ByteMap::place(std::uint64_t hash, std::uint32_t index) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].index_plus_one != 0) at = (at + 1) & mask;
  slots_[at] = {static_cast<std::uint32_t>(hash >> 32U), index + 1};
}

void ByteMap::compact_arena() {
  ByteArena fresh;
  for (Entry& entry : entries_) {
    char* const key = fresh.allocate(entry.key_size);
    if (entry.key_size > 0) std::memcpy(key, entry.key, entry.key_size);
    entry.key = key;
    if (entry.far_capacity == 0 || entry.shares_far) continue;
    char* const far = fresh.allocate(entry.far_capacity);
    std::memcpy(far, entry.far, entry.value_size);
    entry.far = far;
  }
  for (Saved& saved : saved_) {
    if (saved.far_capacity == 0) continue;
    char* const far = fresh.allocate(saved.far_capacity);
    std::memcpy(far, saved.far, saved.value_size);
    saved.far = far;
    if (entries_[saved.index].shares_far) entries_[saved.index].far = far;
  }
  arena_ = std::move(fresh);
  dead_bytes_ = 0;
}

std::vector<std::uint32_t> ByteMap::sorted_indices() const {
  std::vector<std::uint32_t> indices;
  indices.reserve(live_);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].has_value) indices.push_back(static_cast<std::uint32_t>(i));
  }
  std::sort(indices.begin(), indices.end(), [this](std::uint32_t a, std::uint32_t b) {
    return entries_[a].key_view() < entries_[b].key_view();
  });
  return indices;
}

}  // namespace millrace::streams
