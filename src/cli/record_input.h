// RecordInput: how `produce` reads a record from a line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.h"
#include "cli/record_json_reader.h"
#include "cli/record_template_reader.h"
#include "client/producer_record.h"

namespace millrace::cli {

/// What is null though a line cannot say so.
struct NullRules {
  /// A value that is equal to this.
  std::optional<std::string> tombstone = {};
  bool empty_is_null = false;  // of keys and values
};

/// Lines that are values, with keys before them where there is a separator.
struct TextLines {
  std::optional<std::string> key_separator = {};
  /// Of lines without a separator.
  std::optional<std::string> key = {};
  NullRules nulls = {};
};

/// Lines that a format string takes apart.
struct TemplateLines {
  RecordTemplateReader reader;
  NullRules nulls = {};
};

class RecordInput {
 public:
  explicit RecordInput(TextLines text) : form_(std::move(text)) {}
  explicit RecordInput(TemplateLines lines) : form_(std::move(lines)) {}
  explicit RecordInput(JsonRecordReader json) : form_(std::move(json)) {}

  /// The record of a line, without a topic; its views live until the next call, or as long as the
  /// line.
  /// errors  kInvalidArgument: there is no separator; those of the readers
  Result<client::ProducerRecord> read(std::string_view line);

 private:
  std::variant<TextLines, TemplateLines, JsonRecordReader> form_;
};

}  // namespace millrace::cli
