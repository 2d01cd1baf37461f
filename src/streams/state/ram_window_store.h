// RamWindowStore: a window store in RAM, one hash table per window start, so that a window that
// closes is dropped as a whole.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "streams/state/byte_map.h"
#include "streams/state/state_store.h"

namespace millrace::streams {

/// The changelog learns of a closed window by tombstones, at the next write_changes(), for the keys
/// that it knows: so the topic needs no retention by time, which would bite when old data is
/// processed again.
class RamWindowStore final : public WindowStore {
 public:
  explicit RamWindowStore(std::string name) : name_(std::move(name)) {}

  const std::string& name() const override { return name_; }
  std::size_t entry_count() const override;
  void write_changes(ChangelogWriter& writer) override;
  void restore(std::string_view key, std::optional<std::string_view> value,
               Timestamp timestamp) override;

  std::optional<StoredValue> get(std::string_view key, Timestamp window_start) const override;
  Timestamp update(std::string_view key, Timestamp window_start, Timestamp timestamp,
                   StateUpdater& updater) override;
  void close_through(Timestamp start_last, WindowVisitor* visitor) override;
  std::optional<Timestamp> oldest_start() const override;
  Timestamp largest_timestamp() const override { return Timestamp{largest_timestamp_}; }
  void for_each(WindowVisitor& visitor) const override;

 private:
  using Windows = std::map<std::int64_t, ByteMap>;  // by start

  ByteMap& window(Timestamp start);

  std::string name_;
  Windows windows_;
  Windows::iterator last_used_ = windows_.end();
  std::vector<std::pair<Timestamp, ByteMap>> closed_;  // until their tombstones are written
  std::int64_t largest_timestamp_ = -1;
  Buffer key_scratch_;
};

}  // namespace millrace::streams
