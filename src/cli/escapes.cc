#include "cli/escapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace millrace::cli {
namespace {

constexpr std::size_t kHexDigitsMax = 2;

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

Error unknown_escape(std::string_view found) {
  return {ErrorCode::kInvalidArgument,
          fmt::format("wanted one of \\n \\r \\t \\0 \\xHH \\\\, found {}",
                      found.empty() ? "a backslash at the end" : fmt::format("\\{}", found))};
}

}  // namespace

Result<char> take_escape(std::string_view& text) {
  if (text.empty()) return unknown_escape(text);
  const char c = text.front();
  if (c == 'x') {
    const std::string_view digits = text.substr(1, kHexDigitsMax);
    unsigned value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc{}) return unknown_escape(text.substr(0, 1 + digits.size()));
    text.remove_prefix(1 + static_cast<std::size_t>(end - digits.data()));
    return static_cast<char>(static_cast<unsigned char>(value));
  }
  constexpr std::string_view kNames = "nrt0";
  constexpr std::string_view kMeanings{"\n\r\t\0", 4};
  const std::size_t named = kNames.find(c);
  if (named == std::string_view::npos && (is_letter_or_digit(c) || c == '%')) {
    return unknown_escape(text.substr(0, 1));
  }
  text.remove_prefix(1);
  return named == std::string_view::npos ? c : kMeanings[named];
}

Result<std::string> unescaped(std::string_view option, std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      out += c;
      continue;
    }
    auto escape = take_escape(text);
    if (!escape.ok()) return std::move(escape).error().with_context(std::string(option));
    out += *escape;
  }
  return out;
}

}  // namespace millrace::cli
