#include "base/printable.h"

#include <fmt/format.h>

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

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto second = static_cast<unsigned char>(text.size() > 1 ? text[1] : '\0');
    if (length == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (length == 1) {
      append_ascii(text[0], out);
    } else if (text[0] == '\xc2' && second < 0xa0) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", second);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace millrace
