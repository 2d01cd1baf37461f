// RecordTemplateReader: takes lines apart as a format string says, and so reads back what
// RecordTemplate wrote where nothing in a record looks like the text around it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/record_template.h"
#include "client/producer_record.h"

namespace millrace::cli {

/// What is different when a format string is for reading, for --help.
std::string_view help_on_template_lines();

/// Each token but the last ends where the text behind it first comes. %k, %s, %p, %T and %h fill
/// the record; %t and %o are passed over: they say where a record was. Headers are name=value with
/// commas, a null value is NULL.
class RecordTemplateReader {
 public:
  /// delimiter  what ends a line: the format string may end with it
  /// errors     kInvalidArgument: %K, %S or %R; two tokens without text between them; no %s and no
  ///            %k; a token that comes twice
  static Result<RecordTemplateReader> create(const RecordTemplate& format,
                                             std::string_view delimiter);

  /// The record of a line, without a topic; its views live until the next call, or as long as the
  /// line.
  /// errors  kInvalidArgument, beginning with the column at which something else was wanted
  Result<client::ProducerRecord> read(std::string_view line);

 private:
  Status take(RecordToken token, std::string_view text, client::ProducerRecord& record);
  Status take_headers(std::string_view text, client::ProducerRecord& record);

  std::vector<TemplatePiece> pieces_;  // the last one is kNone
  std::vector<HeaderView> headers_;    // reused
};

}  // namespace millrace::cli
