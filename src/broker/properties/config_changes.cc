#include "broker/properties/config_changes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "wire/error_codes.h"

namespace millrace::broker {

namespace {

/// The words between commas; empty ones are none.
std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (const auto word = list.substr(0, comma); !word.empty()) words.emplace_back(word);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return words;
}

std::string changed_list(std::string_view list, const ConfigChange& change) {
  auto words = words_of(list);
  for (auto& word : words_of(change.value)) {
    const auto found = std::find(words.begin(), words.end(), word);
    if (change.operation == ConfigOperation::kSubtract) {
      if (found != words.end()) words.erase(found);
    } else if (found == words.end()) {
      words.push_back(std::move(word));
    }
  }
  return fmt::format("{}", fmt::join(words, ","));
}

}  // namespace

Result<ConfigOverrides> changed_configs(ConfigOverrides current,
                                        std::span<const ConfigChange> changes,
                                        const PropertyCatalogue& catalogue) {
  using wire::KafkaError;
  for (const ConfigChange& change : changes) {
    if (change.operation == ConfigOperation::kDelete) {
      current.erase(change.name);
      continue;
    }
    std::string value = change.value;
    if (change.operation != ConfigOperation::kSet) {
      const Property* const property = catalogue.find(change.name);
      if (property == nullptr || property->type != PropertyType::kList)
        return wire::make_error(
            KafkaError::kInvalidConfig,
            fmt::format(
                "{}: wanted a list to append to or subtract from, found {}", change.name,
                property == nullptr ? "no such property" : property_type_name(property->type)));
      const auto set = current.find(change.name);
      value = changed_list(set == current.end() ? property->default_value : set->second, change);
    }
    if (auto status = catalogue.admit(change.name, value); !status.ok())
      return wire::make_error(catalogue.refusal, status.error().message);
    current[change.name] = std::move(value);
  }
  return current;
}

}  // namespace millrace::broker
