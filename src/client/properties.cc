#include "client/properties.h"

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "base/edit_distance.h"
#include "client/config/property_table.h"

namespace millrace::client {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r";
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

std::string_view kind_name(ClientKind kind) {
  constexpr std::array<std::string_view, 3> kNames{"producer", "consumer", "admin client"};
  return kNames[static_cast<std::size_t>(kind)];
}

Error unknown_property(ClientKind kind, std::string_view name) {
  std::vector<std::string_view> names;
  for (const PropertyRow& row : property_rows()) {
    if (row.serves(kind)) names.push_back(row.name);
  }
  const auto meant = probably_meant(name, names);
  return {ErrorCode::kInvalidArgument,
          fmt::format("unknown {} property {}{}", kind_name(kind), name,
                      meant ? fmt::format(": did you mean {}?", *meant) : "")};
}

std::vector<PropertyDefinition> definitions_of(ClientKind kind) {
  static std::deque<std::string> wanted_texts;
  std::vector<PropertyDefinition> definitions;
  for (const PropertyRow& row : property_rows()) {
    if (!row.serves(kind)) continue;
    wanted_texts.push_back(wanted_value(row));
    definitions.push_back({row.name, row.default_value, wanted_texts.back(), row.purpose});
  }
  return definitions;
}

}  // namespace

Properties& Properties::set(std::string name, std::string value) {
  entries_.insert_or_assign(std::move(name), std::move(value));
  return *this;
}

Status Properties::set_from(std::string_view assignment) {
  const auto equals = assignment.find('=');
  const std::string_view name = trimmed(assignment.substr(0, equals));
  if (equals == std::string_view::npos || name.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("wanted name=value, such as acks=all, found \"{}\"", assignment)};
  }
  set(std::string(name), std::string(trimmed(assignment.substr(equals + 1))));
  return {};
}

Result<Properties> Properties::parse(std::string_view text) {
  Properties properties;
  for (int line_number = 1; !text.empty(); ++line_number) {
    const auto end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#' || line.front() == '!') continue;
    if (auto status = properties.set_from(line); !status.ok()) {
      return std::move(status).error().with_context(fmt::format("line {}", line_number));
    }
  }
  return properties;
}

const std::string* Properties::find(std::string_view name) const {
  const auto entry = entries_.find(name);
  return entry == entries_.end() ? nullptr : &entry->second;
}

std::span<const PropertyDefinition> property_definitions(ClientKind kind) {
  static const std::array<std::vector<PropertyDefinition>, 3> definitions{
      definitions_of(ClientKind::kProducer), definitions_of(ClientKind::kConsumer),
      definitions_of(ClientKind::kAdmin)};
  return definitions[static_cast<std::size_t>(kind)];
}

Status check_properties(ClientKind kind, const Properties& properties) {
  for (const auto& [name, value] : properties.entries()) {
    const PropertyRow* const row = find_property_row(kind, name);
    if (row == nullptr) return unknown_property(kind, name);
    if (auto status = check_value(*row, value); !status.ok()) return status;
  }
  return {};
}

}  // namespace millrace::client
