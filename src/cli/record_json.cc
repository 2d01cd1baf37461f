#include "cli/record_json.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "cli/base64.h"
#include "cli/render.h"

namespace millrace::cli {
namespace {

/// `name` holds text, `name`_base64 other bytes.
void append_bytes_field(std::string_view name, std::optional<std::string_view> bytes,
                        std::string& out) {
  out += '"';
  out += name;
  if (!bytes) {
    out += "\":null";
  } else if (is_utf8(*bytes)) {
    out += "\":";
    append_json_quoted(*bytes, out);
  } else {
    out += "_base64\":\"";
    append_base64(*bytes, out);
    out += '"';
  }
}

}  // namespace

void append_as_json(const TopicPartition& partition, const RecordView& record, std::string& out) {
  out += "{\"topic\":";
  append_json_quoted(partition.topic, out);
  fmt::format_to(std::back_inserter(out),
                 FMT_STRING(",\"partition\":{},\"offset\":{},\"timestamp\":{},"),
                 partition.partition, record.offset, record.timestamp);
  append_bytes_field("key", record.key, out);
  out += ',';
  append_bytes_field("value", record.value, out);
  out += ",\"headers\":[";
  bool is_first = true;
  for (HeaderCursor cursor(record.headers); const auto header = cursor.next();) {
    out += std::exchange(is_first, false) ? "{" : ",{";
    append_bytes_field("name", header->key, out);
    out += ',';
    append_bytes_field("value", header->value, out);
    out += '}';
  }
  out += "]}\n";
}

}  // namespace millrace::cli
