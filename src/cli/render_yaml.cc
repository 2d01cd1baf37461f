#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/render.h"

namespace millrace::cli {
namespace {

/// Whether `text` reads back as the same text without quotes. Strict: when in doubt, it does not.
bool is_plain(std::string_view text) {
  constexpr std::array<std::string_view, 8> kWords{"true", "false", "null", "yes",
                                                   "no",   "on",    "off",  "y"};
  if (text.empty() || text.size() > 200) return false;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!is_letter(text.front())) return false;
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower == "n" || std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/';
  });
}

std::string scalar(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value.data())) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value.data())) return fmt::to_string(*number);
  // JSON's quoting is YAML's double-quoted style.
  if (const auto* text = std::get_if<std::string>(&value.data())) {
    return is_plain(*text) ? *text : json_quoted(*text);
  }
  return "null";
}

bool is_block(const Value& value) {
  return (value.list() != nullptr && !value.list()->empty()) ||
         (value.object() != nullptr && !value.object()->empty());
}

std::string inline_text(const Value& value) {
  if (value.list() != nullptr) return "[]";
  if (value.object() != nullptr) return "{}";
  return scalar(value);
}

/// Writes a list or object that is not empty; its first line goes on where `out` ends.
void write_block(const Value& value, std::size_t indent, std::string& out) {
  const std::string margin(indent, ' ');
  bool first = true;
  if (const auto* list = value.list()) {
    for (const Value& item : *list) {
      if (!first) out += margin;
      first = false;
      out += "- ";
      if (is_block(item)) {
        write_block(item, indent + 2, out);
      } else {
        out += inline_text(item) + "\n";
      }
    }
    return;
  }
  for (const Field& field : *value.object()) {
    if (!first) out += margin;
    first = false;
    out += (is_plain(field.name) ? field.name : json_quoted(field.name)) + ":";
    if (is_block(field.value)) {
      out += "\n" + margin + "  ";
      write_block(field.value, indent + 2, out);
    } else {
      out += " " + inline_text(field.value) + "\n";
    }
  }
}

}  // namespace

std::string render_yaml(const Value& value) {
  if (!is_block(value)) return inline_text(value) + "\n";
  std::string out;
  write_block(value, 0, out);
  return out;
}

}  // namespace millrace::cli
