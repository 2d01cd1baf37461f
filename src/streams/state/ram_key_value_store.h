// RamKeyValueStore: a key-value store in RAM.
#pragma once

#include <string>
#include <utility>

#include "streams/state/byte_map.h"
#include "streams/state/state_store.h"

namespace millrace::streams {

class RamKeyValueStore final : public KeyValueStore {
 public:
  explicit RamKeyValueStore(std::string name) : name_(std::move(name)) {}

  const std::string& name() const override { return name_; }
  std::size_t entry_count() const override { return entries_.size(); }
  void write_changes(ChangelogWriter& writer) override;
  void restore(std::string_view key, std::optional<std::string_view> value,
               Timestamp timestamp) override;

  std::optional<StoredValue> get(std::string_view key) const override { return entries_.find(key); }
  void put(std::string_view key, std::string_view value, Timestamp timestamp) override {
    entries_.put(key, value, timestamp);
  }
  void erase(std::string_view key) override { entries_.erase(key); }
  Timestamp update(std::string_view key, Timestamp timestamp, StateUpdater& updater) override {
    return entries_.update(key, timestamp, updater);
  }
  void for_each(KeyValueVisitor& visitor) const override;

 private:
  std::string name_;
  ByteMap entries_;
};

}  // namespace millrace::streams
