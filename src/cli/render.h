// The three ways a Value is written; render() of cli/value.h chooses among them.
#pragma once

#include <string>
#include <string_view>

#include "cli/value.h"

namespace millrace::cli {

/// Tables and "name: value" lines; fields of Detail::kWide only when asked for kWide.
std::string render_text(const Value& value, Detail detail);
/// Indented by two; without a line end.
std::string render_json(const Value& value);
std::string render_yaml(const Value& value);

/// In double quotes, with every control character escaped, also those that JSON lets stand (DEL,
/// U+0080 to U+009F): a terminal may show it. Bytes that are not UTF-8 become U+FFFD.
std::string json_quoted(std::string_view text);
/// The same, behind what `out` holds.
void append_json_quoted(std::string_view text, std::string& out);

/// How many terminal columns UTF-8 text takes, counting each code point as one.
std::size_t display_width(std::string_view text);

}  // namespace millrace::cli
