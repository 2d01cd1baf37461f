#include "cli/undo_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "cli/json_text.h"
#include "cli/start_position.h"
#include "cli/value.h"

namespace millrace::cli {
namespace {

template <class T>
const T* field_as(const Value& object, std::string_view name) {
  const Value* const field = field_of(object, name);
  return field == nullptr ? nullptr : std::get_if<T>(&field->data());
}

Error wanted(std::string_view what) {
  return {ErrorCode::kInvalidArgument, fmt::format("wanted {} in the undo file", what)};
}

Result<Undo::Entry> entry_of(const Value& row) {
  const auto* const topic = field_as<std::string>(row, "topic");
  const auto* const partition = field_as<std::int64_t>(row, "partition");
  if (topic == nullptr || topic->empty() || partition == nullptr || *partition < 0 ||
      *partition > INT32_MAX) {
    return wanted("a topic and a partition for each offset");
  }
  Undo::Entry entry{{*topic, PartitionId{static_cast<std::int32_t>(*partition)}}, {}};
  const Value* const offset = field_of(row, "offset");
  if (offset == nullptr) return wanted("\"offset\", a number or null,");
  if (std::holds_alternative<std::monostate>(offset->data())) return entry;
  const auto* const number = std::get_if<std::int64_t>(&offset->data());
  const auto* const epoch = field_as<std::int64_t>(row, "leader_epoch");
  const auto* const metadata = field_as<std::string>(row, "metadata");
  if (number == nullptr || *number < 0) return wanted("an offset from 0");
  const bool has_epoch = epoch != nullptr && *epoch >= 0 && *epoch <= INT32_MAX;
  entry.committed = {Offset{*number},
                     has_epoch ? LeaderEpoch{static_cast<std::int32_t>(*epoch)} : kNoLeaderEpoch,
                     metadata == nullptr ? std::string() : *metadata};
  return entry;
}

}  // namespace

std::string to_undo_text(const Undo& undo) {
  Value::List rows;
  for (const auto& [partition, committed] : undo.entries) {
    Value::Object row{{"topic", partition.topic}, {"partition", partition.partition.value()}};
    if (committed) {
      row.push_back({"offset", committed->offset.value()});
      row.push_back({"leader_epoch", committed->leader_epoch.value()});
      row.push_back({"metadata", committed->metadata});
    } else {
      row.push_back({"offset", Value()});
    }
    rows.emplace_back(std::move(row));
  }
  return to_json_line(Value(Value::Object{{"group", undo.group}, {"offsets", rows}})) + "\n";
}

Result<Undo> parse_undo_text(std::string_view text) {
  const auto json = parse_json(text);
  if (!json.ok()) return json.error();
  const auto* const group = field_as<std::string>(*json, "group");
  const auto* const rows = field_as<Value::List>(*json, "offsets");
  if (group == nullptr || group->empty() || rows == nullptr) {
    return wanted("\"group\" and \"offsets\"");
  }
  Undo undo{*group, {}};
  for (const Value& row : *rows) {
    auto entry = entry_of(row);
    if (!entry.ok()) return std::move(entry).error();
    undo.entries.push_back(std::move(entry).value());
  }
  return undo;
}

std::string undo_file_name(std::string_view group, Timestamp now) {
  std::string name(group.substr(0, 100));
  const auto is_safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return !is_safe(c); }, '_');
  std::string time = to_iso_time(now).substr(0, 19);
  std::replace(time.begin(), time.end(), ':', '-');
  return fmt::format("{}-{}.undo.json", name, time);
}

}  // namespace millrace::cli
