#include "model/topic_name.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace {
namespace {

bool is_name_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' || letter == '-';
}

}  // namespace

std::optional<std::string> fault_of_topic_name(std::string_view name) {
  if (name.empty()) return "a topic name may not be empty";
  if (name == "." || name == "..") return "a topic name may not be '.' or '..'";
  if (name.size() > kTopicNameLengthMax) {
    return fmt::format("a topic name has at most {} characters, not {}", kTopicNameLengthMax,
                       name.size());
  }
  if (!std::all_of(name.begin(), name.end(), is_name_letter)) {
    return fmt::format(
        "topic name '{}' has a character other than letters, digits, '.', '_' and '-'", name);
  }
  return std::nullopt;
}

}  // namespace millrace
