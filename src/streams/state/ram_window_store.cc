#include "streams/state/ram_window_store.h"

#include <algorithm>

#include "base/check.h"
#include "streams/state/window_key.h"

namespace millrace::streams {

std::size_t RamWindowStore::entry_count() const {
  std::size_t count = 0;
  for (const auto& [start, entries] : windows_) count += entries.size();
  return count;
}

Status RamWindowStore::restore(std::span<const RecordView> records, Offset next) {
  for (const RecordView& record : records) restore_one(record);
  largest_committed_ = largest_timestamp_;
  checkpoint_ = next;
  return {};
}

void RamWindowStore::restore_one(const RecordView& record) {
  const auto window_key = record.key ? decode_window_key(*record.key) : std::nullopt;
  if (!window_key) return;  // not written by a store like this one
  largest_timestamp_ = std::max(largest_timestamp_, record.timestamp.value());
  ByteMap& entries = window(window_key->start);
  if (record.value) {
    entries.restore(window_key->key, *record.value, record.timestamp);
    return;
  }
  entries.forget(window_key->key);
  if (entries.size() == 0) {
    windows_.erase(last_used_);
    last_used_ = windows_.end();
  }
}

Status RamWindowStore::write_changes(ChangelogWriter& writer) {
  for (; closed_written_ < closed_.size(); ++closed_written_) {
    const Timestamp start{closed_[closed_written_].key()};
    closed_[closed_written_].mapped().for_each_logged(
        [&](std::string_view key, Timestamp timestamp) {
          writer.write(encode_window_key({key, start}, key_scratch_), std::nullopt, timestamp);
        });
  }
  for (const std::int64_t start : touched_) {
    const auto found = windows_.find(start);
    if (found == windows_.end()) continue;  // closed since
    found->second.take_changes(
        [&](std::string_view key, std::optional<std::string_view> value, Timestamp timestamp) {
          writer.write(encode_window_key({key, Timestamp{start}}, key_scratch_), value, timestamp);
        });
  }
  return {};
}

Status RamWindowStore::commit(Offset checkpoint) {
  CHECK(closed_written_ == closed_.size(), "store {}: commit of windows whose end was not written",
        name_);
  closed_.clear();
  closed_written_ = 0;
  for (const std::int64_t start : touched_) {
    if (const auto found = windows_.find(start); found != windows_.end()) found->second.commit();
  }
  touched_.clear();
  largest_committed_ = largest_timestamp_;
  checkpoint_ = checkpoint;
  return {};
}

Status RamWindowStore::abort() {
  for (Windows::node_type& window : closed_) windows_.insert(std::move(window));
  closed_.clear();
  closed_written_ = 0;
  for (const std::int64_t start : touched_) {
    const auto found = windows_.find(start);
    if (found == windows_.end()) continue;  // was named twice
    found->second.abort();
    if (found->second.size() == 0) windows_.erase(found);
  }
  touched_.clear();
  last_used_ = windows_.end();
  largest_timestamp_ = largest_committed_;
  return {};
}

Result<std::optional<StoredValue>> RamWindowStore::get(std::string_view key,
                                                       Timestamp window_start) const {
  const auto found = windows_.find(window_start.value());
  if (found == windows_.end()) return std::optional<StoredValue>{};
  return found->second.find(key);
}

Timestamp RamWindowStore::update(std::string_view key, Timestamp window_start, Timestamp timestamp,
                                 StateUpdater& updater) {
  ByteMap& entries = window(window_start);
  if (!entries.has_changes()) touched_.push_back(window_start.value());
  largest_timestamp_ = std::max(largest_timestamp_, timestamp.value());
  return entries.update(key, timestamp, updater);
}

Status RamWindowStore::close_through(Timestamp start_last, WindowVisitor* visitor) {
  while (!windows_.empty() && windows_.begin()->first <= start_last.value()) {
    closed_.push_back(windows_.extract(windows_.begin()));
    last_used_ = windows_.end();
    if (visitor == nullptr) continue;
    const Timestamp start{closed_.back().key()};
    closed_.back().mapped().for_each_sorted(
        [&](std::string_view key, const StoredValue& value) { visitor->visit(key, start, value); });
  }
  return {};
}

std::optional<Timestamp> RamWindowStore::oldest_start() const {
  if (windows_.empty()) return std::nullopt;
  return Timestamp{windows_.begin()->first};
}

Status RamWindowStore::for_each(WindowVisitor& visitor) const {
  for (const auto& [start, entries] : windows_) {
    const Timestamp window_start{start};
    entries.for_each_sorted([&](std::string_view key, const StoredValue& value) {
      visitor.visit(key, window_start, value);
    });
  }
  return {};
}

ByteMap& RamWindowStore::window(Timestamp start) {
  if (last_used_ == windows_.end() || last_used_->first != start.value()) {
    last_used_ = windows_.try_emplace(start.value()).first;
  }
  return last_used_->second;
}

}  // namespace millrace::streams
