// ByteMap: the hash table that state in RAM is made of. Bytes to bytes, with a timestamp and marks
// for the changelog on each entry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "streams/state/state_store.h"

namespace millrace::streams {

/// Memory for keys and long values: handed out, never given back one by one.
class ByteArena {
 public:
  char* allocate(std::size_t size);
  std::size_t used_bytes() const { return used_; }

 private:
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t chunk_size_ = 1024;
  std::size_t used_ = 0;
};

/// Entries lie side by side in the order of their insertion; beside them open addressing with
/// linear probing over (hash, index) pairs, so that a probe touches an entry only when the hashes
/// agree. Values of up to 16 bytes lie in their entry. Views end with the next change.
///
/// What an entry held at the last commit is saved with its first change after it, so that abort()
/// can put it back and costs no more than what has changed. Entries that came since lie behind
/// old_count_ and need nothing saved.
///
/// Invariants: an entry in dirty_ (changed, and not written since) or saved_ (old, and changed
/// since the last commit) has its mark set, and the other way round; a dirty entry is saved or new.
/// An entry without a value is saved or new: it goes with the next commit or abort. So an old entry
/// that is not saved has a value, which the changelog knows. Entries change places only when
/// nothing has changed, since both lists hold indices.
class ByteMap {
 public:
  ByteMap() = default;
  ByteMap(ByteMap&&) = default;
  ByteMap& operator=(ByteMap&&) = default;

  /// Entries with a value.
  std::size_t size() const { return live_; }
  std::optional<StoredValue> find(std::string_view key) const;

  /// Sets the value and marks the entry dirty.
  void put(std::string_view key, std::string_view value, Timestamp timestamp);
  /// Sets it as the changelog says: not a change, and known to the changelog. Only between commits,
  /// while nothing has changed.
  void restore(std::string_view key, std::string_view value, Timestamp timestamp);
  /// Takes the value away and marks the entry dirty, when there is one.
  void erase(std::string_view key);
  /// Forgets the entry without a trace. As restore().
  void forget(std::string_view key);
  /// As KeyValueStore::update.                              cost  one look-up
  Timestamp update(std::string_view key, Timestamp timestamp, StateUpdater& updater);

  /// Calls visit(key, StoredValue) for each entry in the order of the keys' bytes.
  template <class Visit>
  void for_each_sorted(Visit visit) const {
    for (const std::uint32_t index : sorted_indices()) {
      const Entry& entry = entries_[index];
      visit(entry.key_view(), StoredValue{entry.value_view(), Timestamp{entry.timestamp}});
    }
  }

  /// Calls visit(key, value or null, timestamp) for each dirty entry, and forgets the marks. A key
  /// that came and went since the last call is not shown.
  template <class Visit>
  void take_changes(Visit visit) {
    for (const std::uint32_t index : dirty_) {
      Entry& entry = entries_[index];
      entry.is_dirty = false;
      if (entry.has_value) {
        visit(entry.key_view(), std::optional(entry.value_view()), Timestamp{entry.timestamp});
      } else if (entry.is_logged) {
        visit(entry.key_view(), std::optional<std::string_view>{}, Timestamp{entry.timestamp});
      }
      entry.is_logged = entry.has_value;
    }
    dirty_.clear();
  }
  /// Whether anything changed since the last commit.
  bool has_changes() const { return !saved_.empty() || entries_.size() > old_count_; }
  /// What was taken is final. Nothing may have changed since take_changes().
  void commit();
  /// Puts back what was there at the last commit.                 cost  of what has changed since
  void abort();
  /// Calls visit(key, timestamp) for each entry that the changelog knows.
  template <class Visit>
  void for_each_logged(Visit visit) const {
    for (const Entry& entry : entries_) {
      if (entry.is_logged) visit(entry.key_view(), Timestamp{entry.timestamp});
    }
  }

 private:
  static constexpr std::size_t kInlineBytesMax = 16;

  struct Entry {
    const char* key;
    std::uint32_t key_size;
    std::uint32_t value_size = 0;
    std::uint64_t hash;
    std::int64_t timestamp = 0;
    std::uint32_t far_capacity = 0;  // 0: the value lies in `near`
    bool has_value = false;
    bool is_dirty : 1 = false;
    bool is_logged : 1 = false;
    bool is_saved : 1 = false;
    bool shares_far : 1 = false;  // what `far` points to belongs to the saved value, too
    union {
      char near[kInlineBytesMax];
      char* far;  // in the arena
    };

    std::string_view key_view() const { return {key, key_size}; }
    const char* value_bytes() const { return far_capacity == 0 ? near : far; }
    std::string_view value_view() const { return {value_bytes(), value_size}; }
  };
  /// What an old entry held at the last commit: a value that the changelog knew.
  struct Saved {
    std::uint32_t index;
    std::uint32_t value_size;
    std::int64_t timestamp;
    std::uint32_t far_capacity;
    union {
      char near[kInlineBytesMax];
      char* far;
    };
  };
  struct Slot {
    std::uint32_t hash_high = 0;
    std::uint32_t index_plus_one = 0;  // 0: empty
  };

  Entry* lookup(std::string_view key, std::uint64_t hash);
  Entry& insert(std::string_view key, std::uint64_t hash);
  void set_value(Entry& entry, std::string_view value);
  void begin_change(Entry& entry);
  void save(Entry& entry);
  void put_back(const Saved& saved);
  void remove(std::uint32_t index);
  void remove_without_value();
  void grow_slots();
  void place(std::uint64_t hash, std::uint32_t index);
  std::size_t slot_of(std::uint32_t index) const;
  void compact_arena();
  std::vector<std::uint32_t> sorted_indices() const;

  std::vector<Entry> entries_;
  std::vector<Slot> slots_;  // a power of two, at most 2/3 full
  std::vector<std::uint32_t> dirty_;
  std::vector<Saved> saved_;
  std::size_t old_count_ = 0;  // of the entries, those that the last commit knew
  ByteArena arena_;
  std::size_t dead_bytes_ = 0;  // of the arena, no longer used by an entry
  std::size_t live_ = 0;
};

/// A good 64-bit hash of a short string.  cost  a few nanoseconds
std::uint64_t hash_bytes(std::string_view bytes);

}  // namespace millrace::streams
