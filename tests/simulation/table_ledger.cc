#include "tests/simulation/table_ledger.h"

#include <fmt/format.h>

namespace millrace::simulation {
namespace {

std::string text_of(const std::optional<std::string>& value) {
  return value ? "\"" + *value + "\"" : "a tombstone";
}

}  // namespace

void TableLedger::acknowledged(const TopicPartition& partition, Record record) {
  if (record.offset == kNoOffset) return lost_track_of(record);
  by_place_.insert_or_assign({partition, record.offset}, std::move(record));
}

void TableLedger::lost_track_of(const Record& record) {
  if (!record.value) may_be_deleted_.insert(record.key);
}

std::optional<std::string> TableLedger::check_log(const TopicPartition& partition,
                                                  const std::vector<Record>& log) const {
  std::map<std::string, const Record*> last;
  Offset before{-1};
  for (const Record& record : log) {
    if (record.offset <= before) {
      return fmt::format("{}: offset {} follows {}", partition, record.offset, before);
    }
    before = record.offset;
    last[record.key] = &record;
    const auto promised = by_place_.find({partition, record.offset});
    if (promised == by_place_.end()) continue;
    const Record& wanted = promised->second;
    if (wanted.key == record.key && wanted.value == record.value) continue;
    return fmt::format("{} offset {}: {} of {} was acknowledged, {} of {} is there", partition,
                       record.offset, text_of(wanted.value), wanted.key, text_of(record.value),
                       record.key);
  }
  return check_keys(partition, last);
}

std::optional<std::string> TableLedger::check_keys(
    const TopicPartition& partition, const std::map<std::string, const Record*>& last) const {
  std::map<std::string, const Record*> wanted;
  for (const auto& [place, record] : by_place_) {
    if (place.first == partition) wanted[record.key] = &record;  // by offset: the last one stays
  }
  for (const auto& [key, record] : wanted) {
    const auto found = last.find(key);
    if (found == last.end()) {
      if (!record->value || may_be_deleted_.contains(key)) continue;
      return fmt::format("{}: {}, the last value of {}, was acknowledged at offset {} and is gone",
                         partition, text_of(record->value), key, record->offset);
    }
    if (found->second->offset >= record->offset) continue;
    return fmt::format("{}: the last record of {} is {} at offset {}, {} was acknowledged at {}",
                       partition, key, text_of(found->second->value), found->second->offset,
                       text_of(record->value), record->offset);
  }
  return std::nullopt;
}

}  // namespace millrace::simulation
