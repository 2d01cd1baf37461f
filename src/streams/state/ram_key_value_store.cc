#include "streams/state/ram_key_value_store.h"

namespace millrace::streams {

void RamKeyValueStore::write_changes(ChangelogWriter& writer) {
  entries_.take_changes([&](std::string_view key, std::optional<std::string_view> value,
                            Timestamp timestamp) { writer.write(key, value, timestamp); });
}

void RamKeyValueStore::restore(std::string_view key, std::optional<std::string_view> value,
                               Timestamp timestamp) {
  if (value) {
    entries_.restore(key, *value, timestamp);
  } else {
    entries_.forget(key);
  }
}

void RamKeyValueStore::for_each(KeyValueVisitor& visitor) const {
  entries_.for_each_sorted(
      [&](std::string_view key, const StoredValue& value) { visitor.visit(key, value); });
}

}  // namespace millrace::streams
