// How `consume` writes a record.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
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
void append_as_text(const TopicPartition& partition, const RecordView& record,
                    const std::vector<RecordField>& fields, KeysAndHeaders keys, std::string& out);

/// One JSON object with every field, and a line end. Bytes that are not UTF-8 are base64, in a
/// field whose name ends in "_base64".
void append_as_json(const TopicPartition& partition, const RecordView& record, std::string& out);

}  // namespace millrace::cli
