#include "broker/properties/property_value.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace millrace::broker {

namespace {

using enum PropertyType;

Error unwanted(const Property& property, std::string_view value, std::string_view wanted) {
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("{}: wanted {}, found '{}'", property.name, wanted, value)};
}

Status check_number(const Property& property, std::string_view value) {
  std::int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, failure] = std::from_chars(value.data(), end, number);
  if (failure != std::errc{} || stop != end) return unwanted(property, value, "a number");
  const bool is_int = property.type == kInt;
  if (is_int && (number > INT32_MAX || number < INT32_MIN))
    return unwanted(property, value, "a 32-bit number");
  if (number < property.min || number > property.max)
    return unwanted(property, value, property.wanted());
  return {};
}

Status check_ratio(const Property& property, std::string_view value) {
  const std::string text(value);
  char* end = nullptr;
  const double ratio = std::strtod(text.c_str(), &end);
  const bool is_ratio = !text.empty() && *end == '\0' && ratio >= 0.0 && ratio <= 1.0;
  if (!is_ratio) return unwanted(property, value, property.wanted());
  return {};
}

Status check_words(const Property& property, std::string_view value) {
  if (property.choices.empty()) return {};
  std::string_view rest = value;
  for (;;) {
    const std::size_t comma = property.type == kList ? rest.find(',') : std::string_view::npos;
    std::string_view word = rest.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!has_word(property.choices, '|', word)) return unwanted(property, value, property.wanted());
    if (comma == std::string_view::npos) return {};
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

Status check_property_value(const Property& property, std::string_view value) {
  switch (property.type) {
    case kBoolean:
      if (value != "true" && value != "false") return unwanted(property, value, property.wanted());
      return {};
    case kInt:
    case kShort:
    case kLong:
      return check_number(property, value);
    case kDouble:
      return check_ratio(property, value);
    case kString:
    case kList:
      return check_words(property, value);
  }
  return {};
}

bool has_word(std::string_view list, char separator, std::string_view word) {
  for (;;) {
    const std::size_t end = list.find(separator);
    std::string_view each = list.substr(0, end);
    while (each.starts_with(' ')) each.remove_prefix(1);
    while (each.ends_with(' ')) each.remove_suffix(1);
    if (each == word) return true;
    if (end == std::string_view::npos) return false;
    list.remove_prefix(end + 1);
  }
}

}  // namespace millrace::broker
