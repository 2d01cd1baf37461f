#include "cli/record_input.h"

#include <fmt/format.h>

namespace millrace::cli {
namespace {

constexpr std::size_t kShownMax = 60;  // bytes of a line that an error shows

void apply(const NullRules& nulls, client::ProducerRecord& record) {
  if (nulls.tombstone && record.value == *nulls.tombstone) record.value.reset();
  if (!nulls.empty_is_null) return;
  if (record.key && record.key->empty()) record.key.reset();
  if (record.value && record.value->empty()) record.value.reset();
}

Result<client::ProducerRecord> read_text(const TextLines& text, std::string_view line) {
  client::ProducerRecord record;
  if (text.key) record.key = *text.key;
  if (text.key_separator) {
    const std::size_t at = line.find(*text.key_separator);
    if (at != std::string_view::npos) {
      record.key = line.substr(0, at);
      line.remove_prefix(at + text.key_separator->size());
    } else if (!text.key) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("wanted a key, \"{}\" and a value, found \"{}\"",
                               *text.key_separator, line.substr(0, kShownMax))};
    }
  }
  record.value = line;
  apply(text.nulls, record);
  return record;
}

}  // namespace

Result<client::ProducerRecord> RecordInput::read(std::string_view line) {
  if (auto* const json = std::get_if<JsonRecordReader>(&form_)) return json->read(line);
  if (auto* const lines = std::get_if<TemplateLines>(&form_)) {
    auto record = lines->reader.read(line);
    if (record.ok()) apply(lines->nulls, *record);
    return record;
  }
  return read_text(std::get<TextLines>(form_), line);
}

}  // namespace millrace::cli
