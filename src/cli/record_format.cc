#include "cli/record_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/printable.h"
#include "cli/record_json.h"
#include "cli/start_position.h"

namespace millrace::cli {
namespace {

constexpr std::array<std::pair<std::string_view, RecordField>, 7> kFieldNames{{
    {"topic", RecordField::kTopic},
    {"partition", RecordField::kPartition},
    {"offset", RecordField::kOffset},
    {"timestamp", RecordField::kTimestamp},
    {"key", RecordField::kKey},
    {"value", RecordField::kValue},
    {"headers", RecordField::kHeaders},
}};

constexpr std::string_view kNull = "null";

void append_bytes(std::optional<std::string_view> bytes, KeysAndHeaders how, std::string& out) {
  if (how == KeysAndHeaders::kRaw) {
    out += bytes.value_or(kNull);
  } else {
    append_printable(bytes.value_or(kNull), out);
  }
}

void append_headers(const HeadersView& headers, KeysAndHeaders how, std::string& out) {
  bool first = true;
  for (HeaderCursor cursor(headers); const auto header = cursor.next();) {
    if (!std::exchange(first, false)) out += ',';
    append_bytes(header->key, how, out);
    out += '=';
    append_bytes(header->value, how, out);
  }
}

void append_field(const TopicPartition& partition, const RecordView& record, RecordField field,
                  KeysAndHeaders keys, std::string& out) {
  switch (field) {
    case RecordField::kTopic:
      out += partition.topic;
      break;
    case RecordField::kPartition:
      fmt::format_to(std::back_inserter(out), "{}", partition.partition);
      break;
    case RecordField::kOffset:
      fmt::format_to(std::back_inserter(out), "{}", record.offset);
      break;
    case RecordField::kTimestamp:
      append_iso_time(record.timestamp, out);
      break;
    case RecordField::kKey:
      append_bytes(record.key, keys, out);
      break;
    case RecordField::kValue:
      out += record.value.value_or(kNull);
      break;
    case RecordField::kHeaders:
      append_headers(record.headers, keys, out);
      break;
  }
}

void append_fields(const TextFields& text, const TopicPartition& partition,
                   const RecordView& record, std::string& out) {
  bool first = true;
  for (const RecordField field : text.fields) {
    if (!std::exchange(first, false)) out += '\t';
    append_field(partition, record, field, text.keys, out);
  }
  out += '\n';
}

}  // namespace

Result<std::vector<RecordField>> parse_record_fields(std::string_view text) {
  std::vector<RecordField> fields;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    const auto* const found = std::find_if(kFieldNames.begin(), kFieldNames.end(),
                                           [&](const auto& entry) { return entry.first == name; });
    if (found == kFieldNames.end()) {
      return Error{
          ErrorCode::kInvalidArgument,
          fmt::format("wanted --print with some of topic, partition, offset, timestamp, key, "
                      "value, headers and commas between them, found \"{}\"",
                      name)};
    }
    fields.push_back(found->second);
    if (comma == std::string_view::npos) return fields;
    text.remove_prefix(comma + 1);
  }
}

void append_record(const RecordFormat& format, const TopicPartition& partition,
                   const RecordView& record, std::string& out) {
  if (const auto* const text = std::get_if<TextFields>(&format)) {
    append_fields(*text, partition, record, out);
  } else if (const auto* const filled = std::get_if<RecordTemplate>(&format)) {
    filled->append(partition, record, out);
  } else {
    append_as_json(partition, record, out);
  }
}

}  // namespace millrace::cli
