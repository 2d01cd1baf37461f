#include "wire/json_dumper.h"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <iterator>

namespace millrace::wire {

namespace {

constexpr bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

/// Bytes of the character beyond ASCII that `text` starts with, or 0 when it is not UTF-8.
std::size_t multibyte_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool surrogate = lead == 0xed && second >= 0xa0;
  const bool too_high = lead == 0xf4 && second >= 0x90;
  return overlong || surrogate || too_high ? 0 : length;
}

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    std::size_t taken = 1;
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += text[0];
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += text[0];
    } else if (const std::size_t length = byte < 0x80 ? 0 : multibyte_length(text); length > 0) {
      out += text.substr(0, length);
      taken = length;
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    }
    text.remove_prefix(taken);
  }
  out += '"';
}

void append_json_hex(std::string_view bytes, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0x0fU];
  }
  out += '"';
}

void append_json_number(std::int64_t value, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{}", value);
}

void append_json_number(double value, std::string& out) {
  // JSON has no numbers for these.
  if (!std::isfinite(value)) return append_json_string(fmt::format("{}", value), out);
  fmt::format_to(std::back_inserter(out), "{}", value);
}

}  // namespace millrace::wire
