#include "cli/record_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/printable.h"
#include "base/utf8.h"
#include "cli/start_position.h"
#include "cli/value.h"

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

std::string to_base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8U) | (k < count ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kAlphabet[(group >> (18U - 6U * k)) & 0x3fU] : '=';
    }
  }
  return text;
}

/// `name` holds text, `name`_base64 other bytes.
Field bytes_field(std::string name, std::optional<std::string_view> bytes) {
  if (!bytes) return {std::move(name), Value()};
  if (is_utf8(*bytes)) return {std::move(name), *bytes};
  return {std::move(name) + "_base64", to_base64(*bytes)};
}

void append_bytes(std::optional<std::string_view> bytes, KeysAndHeaders how, std::string& out) {
  if (how == KeysAndHeaders::kRaw) {
    out += bytes.value_or(kNull);
  } else {
    out += printable(bytes.value_or(kNull));
  }
}

void append_headers(const HeadersView& headers, KeysAndHeaders how, std::string& out) {
  bool first = true;
  for (const HeaderView& header : headers.to_vector()) {
    if (!std::exchange(first, false)) out += ',';
    append_bytes(header.key, how, out);
    out += '=';
    append_bytes(header.value, how, out);
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
      out += to_iso_time(record.timestamp);
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

void append_as_text(const TopicPartition& partition, const RecordView& record,
                    const std::vector<RecordField>& fields, KeysAndHeaders keys, std::string& out) {
  bool first = true;
  for (const RecordField field : fields) {
    if (!std::exchange(first, false)) out += '\t';
    append_field(partition, record, field, keys, out);
  }
  out += '\n';
}

void append_as_json(const TopicPartition& partition, const RecordView& record, std::string& out) {
  Value::List headers;
  for (const HeaderView& header : record.headers.to_vector()) {
    headers.emplace_back(Value::Object{{"name", header.key}, bytes_field("value", header.value)});
  }
  const Value::Object object{{"topic", partition.topic},
                             {"partition", partition.partition.value()},
                             {"offset", record.offset.value()},
                             {"timestamp", record.timestamp.value()},
                             bytes_field("key", record.key),
                             bytes_field("value", record.value),
                             {"headers", headers}};
  out += to_json_line(object);
  out += '\n';
}

}  // namespace millrace::cli
