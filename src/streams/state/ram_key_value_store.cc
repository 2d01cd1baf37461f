#include "streams/state/ram_key_value_store.h"

namespace millrace::streams {

Status RamKeyValueStore::restore(std::span<const RecordView> records, Offset next) {
  for (const RecordView& record : records) {
    if (!record.key) continue;  // not written by a store
    if (record.value) {
      entries_.restore(*record.key, *record.value, record.timestamp);
    } else {
      entries_.forget(*record.key);
    }
  }
  checkpoint_ = next;
  return {};
}

Status RamKeyValueStore::write_changes(ChangelogWriter& writer) {
  entries_.take_changes([&](std::string_view key, std::optional<std::string_view> value,
                            Timestamp timestamp) { writer.write(key, value, timestamp); });
  return {};
}

Status RamKeyValueStore::commit(Offset checkpoint) {
  entries_.commit();
  checkpoint_ = checkpoint;
  return {};
}

Status RamKeyValueStore::abort() {
  entries_.abort();
  return {};
}

Status RamKeyValueStore::for_each(KeyValueVisitor& visitor) const {
  entries_.for_each_sorted(
      [&](std::string_view key, const StoredValue& value) { visitor.visit(key, value); });
  return {};
}

}  // namespace millrace::streams
