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
///
/// Invariants: `touched_` names every window, open or closed, with changes since the last commit,
/// and beside them at most those that an update found and left as they were. A window that was
/// closed since then is in `closed_` with all it held, and goes back to `windows_` on abort(); the
/// first `closed_written_` of them have their tombstones in the changelog.
class RamWindowStore final : public WindowStore {
 public:
  explicit RamWindowStore(std::string name) : name_(std::move(name)) {}

  const std::string& name() const override { return name_; }
  std::size_t entry_count() const override;
  Status restore(std::span<const RecordView> records, Offset next) override;
  Offset checkpoint() const override { return checkpoint_; }
  Status write_changes(ChangelogWriter& writer) override;
  Status commit(Offset checkpoint) override;
  Status abort() override;

  Result<std::optional<StoredValue>> get(std::string_view key,
                                         Timestamp window_start) const override;
  Timestamp update(std::string_view key, Timestamp window_start, Timestamp timestamp,
                   StateUpdater& updater) override;
  Status close_through(Timestamp start_last, WindowVisitor* visitor) override;
  std::optional<Timestamp> oldest_start() const override;
  Timestamp largest_timestamp() const override { return Timestamp{largest_timestamp_}; }
  Status for_each(WindowVisitor& visitor) const override;

 private:
  using Windows = std::map<std::int64_t, ByteMap>;  // by start

  ByteMap& window(Timestamp start);
  void restore_one(const RecordView& record);

  std::string name_;
  Windows windows_;
  Windows::iterator last_used_ = windows_.end();
  std::vector<std::int64_t> touched_;
  std::vector<Windows::node_type> closed_;
  std::size_t closed_written_ = 0;
  std::int64_t largest_timestamp_ = -1;
  std::int64_t largest_committed_ = -1;
  Offset checkpoint_ = kNoOffset;
  Buffer key_scratch_;
};

}  // namespace millrace::streams
