// State stores as a task sees them: bytes to bytes, with the timestamp of the last record that
// touched each entry. An interface, so that a store may live in RAM or elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace millrace::streams {

/// Where a store writes what has changed: one record per changed key. A null value says the key is
/// gone.
class ChangelogWriter {
 public:
  virtual ~ChangelogWriter() = default;
  virtual void write(std::string_view key, std::optional<std::string_view> value,
                     Timestamp timestamp) = 0;
};

struct StoredValue {
  std::string_view bytes;
  Timestamp timestamp;
};

/// Computes an entry's new value from its old one.
class StateUpdater {
 public:
  virtual ~StateUpdater() = default;
  /// old     null when the key is new; may be read until update() returns
  /// returns the new value, which the store copies at once; null leaves the entry as it is
  virtual std::optional<std::string_view> update(std::optional<std::string_view> old) = 0;
};

/// thread  its task's
class StateStore {
 public:
  virtual ~StateStore() = default;

  virtual const std::string& name() const = 0;
  virtual std::size_t entry_count() const = 0;
  /// Writes every key that changed since the last call, in no promised order, and forgets that it
  /// changed.
  virtual void write_changes(ChangelogWriter& writer) = 0;
  /// Takes one record of the changelog; in offset order. Does not count as a change.
  virtual void restore(std::string_view key, std::optional<std::string_view> value,
                       Timestamp timestamp) = 0;
  /// Called once after the last restore().
  virtual void restored() {}
};

/// What the entries of a key-value store are shown to.
class KeyValueVisitor {
 public:
  virtual ~KeyValueVisitor() = default;
  virtual void visit(std::string_view key, const StoredValue& value) = 0;
};

/// Key to value. Changelog: the key as it is.
class KeyValueStore : public StateStore {
 public:
  /// A view until the next change of the store.
  virtual std::optional<StoredValue> get(std::string_view key) const = 0;
  virtual void put(std::string_view key, std::string_view value, Timestamp timestamp) = 0;
  virtual void erase(std::string_view key) = 0;
  /// Reads and writes in one step; the entry's timestamp becomes the larger of the old one and
  /// `timestamp`, which is returned.           cost  one look-up in RAM stores
  virtual Timestamp update(std::string_view key, Timestamp timestamp, StateUpdater& updater) = 0;
  /// Shows every entry, in the order of the keys' bytes.
  virtual void for_each(KeyValueVisitor& visitor) const = 0;
};

/// What closed windows are shown to.
class WindowVisitor {
 public:
  virtual ~WindowVisitor() = default;
  virtual void visit(std::string_view key, Timestamp window_start, const StoredValue& value) = 0;
};

/// Key and window start to value; forgets a window once stream time reaches its end plus retention.
/// Changelog: key, window start as int64 big-endian, int32 zero (Kafka's WindowKeySchema).
class WindowStore : public StateStore {
 public:
  /// A view until the next change of the store.
  virtual std::optional<StoredValue> get(std::string_view key, Timestamp window_start) const = 0;
  /// As KeyValueStore::update, for a window that is not closed yet.
  virtual Timestamp update(std::string_view key, Timestamp window_start, Timestamp timestamp,
                           StateUpdater& updater) = 0;
  /// Forgets the windows that start at or before `start_last`; shows their entries to `visitor`
  /// first when there is one, by window start, then by key.
  virtual void close_through(Timestamp start_last, WindowVisitor* visitor) = 0;
  /// Start of the oldest window held, if any.
  virtual std::optional<Timestamp> oldest_start() const = 0;
  /// The largest timestamp of any entry ever updated or restored: stream time, as far as this store
  /// knows.
  virtual Timestamp largest_timestamp() const = 0;
  /// Shows every entry, by window start, then by key.
  virtual void for_each(WindowVisitor& visitor) const = 0;
};

}  // namespace millrace::streams
