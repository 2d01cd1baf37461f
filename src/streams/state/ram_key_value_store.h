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
  Status restore(std::span<const RecordView> records, Offset next) override;
  Offset checkpoint() const override { return checkpoint_; }
  Status write_changes(ChangelogWriter& writer) override;
  Status commit(Offset checkpoint) override;
  Status abort() override;

  Result<std::optional<StoredValue>> get(std::string_view key) const override {
    return entries_.find(key);
  }
  Status put(std::string_view key, std::string_view value, Timestamp timestamp) override {
    entries_.put(key, value, timestamp);
    return {};
  }
  Status erase(std::string_view key) override {
    entries_.erase(key);
    return {};
  }
  Timestamp update(std::string_view key, Timestamp timestamp, StateUpdater& updater) override {
    return entries_.update(key, timestamp, updater);
  }
  Status for_each(KeyValueVisitor& visitor) const override;

 private:
  std::string name_;
  ByteMap entries_;
  Offset checkpoint_ = kNoOffset;
};

}  // namespace millrace::streams
