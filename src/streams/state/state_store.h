// State stores as a task sees them: bytes to bytes, with the timestamp of the last record that
// touched each entry. An interface, so that a store may live in RAM or elsewhere.
//
// The life of a store: restore() until the changelog is through; then changes, write_changes() and
// commit() in turn. Between two commits abort() is always possible.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/record.h"

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

/// Invariants: what a store holds is what its changelog says up to checkpoint(), and the changes
/// since the last commit. A change is written once, however many commits it takes until one
/// succeeds; what was written is kept apart until then, so that abort() can undo it.
///
/// errors  those of every call are the backend's (a disk that refuses, a file that is damaged); the
///         store must not be used further. Stores in RAM have none. update(), which is called for
///         every record, keeps its error in failure() instead of returning it: a Result<Timestamp>
///         there took a tenth of a windowed count's time.
/// thread  its task's
class StateStore {
 public:
  virtual ~StateStore() = default;

  virtual const std::string& name() const = 0;
  virtual std::size_t entry_count() const = 0;
  /// What update() met when it returned kNoTimestamp.
  virtual Error failure() const {
    return {ErrorCode::kUnsupported, "store " + name() + " never fails"};
  }

  /// Takes the records of the changelog that follow those of the last call; `next` is where the
  /// changelog goes on after them. Not a change: there is nothing to undo or to write.
  virtual Status restore(std::span<const RecordView> records, Offset next) = 0;
  /// The offset up to which the changelog is in the store. kNoOffset: not known; a store that then
  /// holds anything must not be restored further.
  virtual Offset checkpoint() const = 0;

  /// Writes every key that changed and was not written since, in no promised order.
  /// cost  of the keys that changed
  virtual Status write_changes(ChangelogWriter& writer) = 0;
  /// What was written is final. Nothing has changed since it was written.
  /// checkpoint  of the changelog with it; kNoOffset when it is not known
  virtual Status commit(Offset checkpoint) = 0;
  /// Back to what the store held at the last commit, or when it was restored.
  /// cost  of the keys that changed since, whatever else the store holds
  virtual Status abort() = 0;
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
  virtual Result<std::optional<StoredValue>> get(std::string_view key) const = 0;
  virtual Status put(std::string_view key, std::string_view value, Timestamp timestamp) = 0;
  virtual Status erase(std::string_view key) = 0;
  /// Reads and writes in one step; the entry's timestamp becomes the larger of the old one and
  /// `timestamp`, which is returned; kNoTimestamp: see failure().  cost  one look-up in RAM stores
  virtual Timestamp update(std::string_view key, Timestamp timestamp, StateUpdater& updater) = 0;
  /// Shows every entry, in the order of the keys' bytes.
  virtual Status for_each(KeyValueVisitor& visitor) const = 0;
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
  virtual Result<std::optional<StoredValue>> get(std::string_view key,
                                                 Timestamp window_start) const = 0;
  /// As KeyValueStore::update, for a window that is not closed yet.
  virtual Timestamp update(std::string_view key, Timestamp window_start, Timestamp timestamp,
                           StateUpdater& updater) = 0;
  /// Forgets the windows that start at or before `start_last`; shows their entries to `visitor`
  /// first when there is one, by window start, then by key.
  virtual Status close_through(Timestamp start_last, WindowVisitor* visitor) = 0;
  /// Start of the oldest window held, if any. Known without asking a disk.
  virtual std::optional<Timestamp> oldest_start() const = 0;
  /// The largest timestamp of any entry ever updated or restored: stream time, as far as this store
  /// knows. Known without asking a disk; abort() takes it back, too.
  virtual Timestamp largest_timestamp() const = 0;
  /// Shows every entry, by window start, then by key.
  virtual Status for_each(WindowVisitor& visitor) const = 0;
};

}  // namespace millrace::streams
