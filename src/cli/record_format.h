// How `consume` writes a record.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cli/record_template.h"
#include "model/record.h"
#include "model/topic_partition.h"

namespace millrace::cli {

enum class RecordField { kTopic, kPartition, kOffset, kTimestamp, kKey, kValue, kHeaders };

/// Takes "key,value", as --print gives it.
/// errors  kInvalidArgument naming the fields there are
Result<std::vector<RecordField>> parse_record_fields(std::string_view text);

/// What becomes of control characters in keys and headers.
enum class KeysAndHeaders {
  kPrintable,  // written out, as printable() does: a line stays one line, a terminal its own
  kRaw
};

/// The fields with tabs between them and a line end. Null is "null", time is ISO 8601 in UTC
/// (to_iso_time()), headers are name=value with commas; a value is its bytes as they are.
struct TextFields {
  std::vector<RecordField> fields;
  KeysAndHeaders keys = KeysAndHeaders::kPrintable;
};

/// A line with one JSON object: record_json.h.
struct JsonLines {};

using RecordFormat = std::variant<TextFields, RecordTemplate, JsonLines>;

/// cost  no memory but that by which `out` grows
void append_record(const RecordFormat& format, const TopicPartition& partition,
                   const RecordView& record, std::string& out);

}  // namespace millrace::cli
