// JsonRecordReader: reads back the records that append_as_json() wrote, and those that people and
// programs write in that form.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "client/producer_record.h"

namespace millrace::cli {

/// The fields there are, for --help.
std::string_view help_on_json_records();

/// One object a line: "value" or "value_base64", which may be null and has to be there; "key" or
/// "key_base64", "headers", "partition" and "timestamp" (ms since 1970; -1: none) may be there.
/// "topic" and "offset" are passed over: they say where a record was, and not where it goes.
class JsonRecordReader {
 public:
  JsonRecordReader();
  ~JsonRecordReader();
  JsonRecordReader(JsonRecordReader&&) noexcept;
  JsonRecordReader& operator=(JsonRecordReader&&) noexcept;
  JsonRecordReader(const JsonRecordReader&) = delete;
  JsonRecordReader& operator=(const JsonRecordReader&) = delete;

  /// The record of a line, without a topic; its views live until the next call.
  /// errors  kInvalidArgument, beginning with the column at which it stopped to make sense: no
  ///         JSON, an unknown field, one that comes twice, a value that does not fit
  /// cost    no memory once that of the largest record so far is there
  Result<client::ProducerRecord> read(std::string_view line);

 private:
  class Parser;  // of a library that this header does not show
  std::unique_ptr<Parser> parser_;
};

}  // namespace millrace::cli
