#include "cli/record_input.h"

#include <fmt/format.h>

namespace millrace::cli {
namespace {

constexpr std::size_t kShownMax = 60;  // bytes of a line that an error shows

std::optional<std::string_view> null_if_empty(std::string_view text, bool empty_is_null) {
  if (text.empty() && empty_is_null) return std::nullopt;
  return text;
}

Result<client::ProducerRecord> read_text(const TextLines& text, std::string_view line) {
  client::ProducerRecord record;
  if (text.key) record.key = *text.key;
  if (text.key_separator) {
    const std::size_t at = line.find(*text.key_separator);
    if (at != std::string_view::npos) {
      record.key = null_if_empty(line.substr(0, at), text.empty_is_null);
      line.remove_prefix(at + text.key_separator->size());
    } else if (!text.key) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("wanted a key, \"{}\" and a value, found \"{}\"",
                               *text.key_separator, line.substr(0, kShownMax))};
    }
  }
  if (line != text.tombstone) record.value = null_if_empty(line, text.empty_is_null);
  return record;
}

}  // namespace

Result<client::ProducerRecord> RecordInput::read(std::string_view line) {
  if (auto* const json = std::get_if<JsonRecordReader>(&form_)) return json->read(line);
  return read_text(std::get<TextLines>(form_), line);
}

}  // namespace millrace::cli
