#include "storage/directory/checkpoint_text.h"

#include <fmt/format.h>

#include <charconv>

namespace millrace::storage {
namespace {

constexpr std::int64_t kCheckpointVersion = 0;

}  // namespace

std::string checkpoint_head(std::size_t count) {
  return fmt::format("{}\n{}\n", kCheckpointVersion, count);
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return value;
}

std::vector<std::string_view> split_fields(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string_view::npos) return fields;
    line.remove_prefix(start);
    const std::string_view field = line.substr(0, line.find_first_of(" \t\r"));
    fields.push_back(field);
    line.remove_prefix(field.size());
  }
}

Result<std::vector<std::string_view>> checkpoint_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    lines.push_back(line);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  if (lines.empty()) return lines;
  const auto version = parse_number(lines[0]);
  if (!version) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("checkpoint: wanted a version first, found '{}'", lines[0])};
  }
  if (*version != kCheckpointVersion) {
    return Error{ErrorCode::kUnsupported, fmt::format("checkpoint: wanted version {}, found {}",
                                                      kCheckpointVersion, *version)};
  }
  const auto count = lines.size() > 1 ? parse_number(lines[1]) : std::nullopt;
  if (!count || *count != static_cast<std::int64_t>(lines.size()) - 2) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("checkpoint says {} lines, found {}",
                             lines.size() > 1 ? lines[1] : "no number of", lines.size() - 2)};
  }
  lines.erase(lines.begin(), lines.begin() + 2);
  return lines;
}

}  // namespace millrace::storage
