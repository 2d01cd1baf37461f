// The text form that Kafka's checkpoint files share: a version, a count, and that many lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::storage {

/// "0\n<count>\n": what stands before the lines.
std::string checkpoint_head(std::size_t count);

/// The lines after the head, as views into `text`. An empty file has none.
/// errors  kUnsupported (a version other than 0), kCorrupt (a count that is not that of the lines)
Result<std::vector<std::string_view>> checkpoint_lines(std::string_view text);

/// What stands between blanks.
std::vector<std::string_view> split_fields(std::string_view line);
/// A whole decimal number and nothing else.
std::optional<std::int64_t> parse_number(std::string_view text);

}  // namespace millrace::storage
