#include "streams/state/ram_window_store.h"

#include <algorithm>

#include "streams/state/window_key.h"

namespace millrace::streams {

std::size_t RamWindowStore::entry_count() const {
  std::size_t count = 0;
  for (const auto& [start, entries] : windows_) count += entries.size();
  return count;
}

void RamWindowStore::write_changes(ChangelogWriter& writer) {
  for (const auto& [start, entries] : closed_) {
    entries.for_each_logged([&](std::string_view key, Timestamp timestamp) {
      writer.write(encode_window_key({key, start}, key_scratch_), std::nullopt, timestamp);
    });
  }
  closed_.clear();
  for (auto& [start, entries] : windows_) {
    const Timestamp window_start{start};
    entries.take_changes(
        [&](std::string_view key, std::optional<std::string_view> value, Timestamp timestamp) {
          writer.write(encode_window_key({key, window_start}, key_scratch_), value, timestamp);
        });
  }
}

void RamWindowStore::restore(std::string_view key, std::optional<std::string_view> value,
                             Timestamp timestamp) {
  const auto window_key = decode_window_key(key);
  if (!window_key) return;  // not written by a store like this one
  largest_timestamp_ = std::max(largest_timestamp_, timestamp.value());
  ByteMap& entries = window(window_key->start);
  if (value) {
    entries.restore(window_key->key, *value, timestamp);
    return;
  }
  entries.forget(window_key->key);
  if (entries.size() == 0) {
    windows_.erase(last_used_);
    last_used_ = windows_.end();
  }
}

std::optional<StoredValue> RamWindowStore::get(std::string_view key, Timestamp window_start) const {
  const auto found = windows_.find(window_start.value());
  if (found == windows_.end()) return std::nullopt;
  return found->second.find(key);
}

Timestamp RamWindowStore::update(std::string_view key, Timestamp window_start, Timestamp timestamp,
                                 StateUpdater& updater) {
  largest_timestamp_ = std::max(largest_timestamp_, timestamp.value());
  return window(window_start).update(key, timestamp, updater);
}

void RamWindowStore::close_through(Timestamp start_last, WindowVisitor* visitor) {
  while (!windows_.empty() && windows_.begin()->first <= start_last.value()) {
    auto window = windows_.extract(windows_.begin());
    const Timestamp start{window.key()};
    if (visitor != nullptr) {
      window.mapped().for_each_sorted([&](std::string_view key, const StoredValue& value) {
        visitor->visit(key, start, value);
      });
    }
    closed_.emplace_back(start, std::move(window.mapped()));
    last_used_ = windows_.end();
  }
}

std::optional<Timestamp> RamWindowStore::oldest_start() const {
  if (windows_.empty()) return std::nullopt;
  return Timestamp{windows_.begin()->first};
}

void RamWindowStore::for_each(WindowVisitor& visitor) const {
  for (const auto& [start, entries] : windows_) {
    const Timestamp window_start{start};
    entries.for_each_sorted([&](std::string_view key, const StoredValue& value) {
      visitor.visit(key, window_start, value);
    });
  }
}

ByteMap& RamWindowStore::window(Timestamp start) {
  if (last_used_ == windows_.end() || last_used_->first != start.value()) {
    last_used_ = windows_.try_emplace(start.value()).first;
  }
  return last_used_->second;
}

}  // namespace millrace::streams
