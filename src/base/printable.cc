#include "base/printable.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

#include "base/utf8.h"

namespace millrace {
namespace {

void append_ascii(char c, std::string& out) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c < ' ' || c == '\x7f') {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", c);
  } else {
    out += c;
  }
}

/// text  begins with a character of two or three bytes
std::uint32_t code_point(std::string_view text, std::size_t length) {
  constexpr std::uint32_t kPayload = 0x3f;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  if (length == 2) return (byte(0) & 0x1fU) << 6U | (byte(1) & kPayload);
  return (byte(0) & 0xfU) << 12U | (byte(1) & kPayload) << 6U | (byte(2) & kPayload);
}

bool is_control(std::uint32_t point) {
  const auto is_between = [point](std::uint32_t first, std::uint32_t last) {
    return point >= first && point <= last;
  };
  return is_between(0x80, 0x9f) || point == 0x61c || is_between(0x200e, 0x200f) ||
         is_between(0x2028, 0x202e) || is_between(0x2066, 0x2069);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_printable(text, out);
  return out;
}

void append_printable(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (length == 1) {
      append_ascii(text[0], out);
    } else if (length <= 3 && is_control(code_point(text, length))) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", code_point(text, length));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

}  // namespace millrace
