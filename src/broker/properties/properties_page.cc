#include <fmt/format.h>

#include <string>

#include "broker/properties.h"

namespace millrace::broker {

namespace {

constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

std::string effect_of(const Property& property) {
  const std::string_view mark = property.effect == Effect::kRefused ? "**" : "";
  std::string flag;
  if (!property.flag.empty()) flag = fmt::format(" {}", property.flag);
  return fmt::format("{0}{1}{0}: {2}{3}", mark, effect_name(property.effect), property.reason,
                     flag);
}

/// In a cell of a table a bar would end it.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '|') escaped += '\\';
    escaped += letter;
  }
  return escaped;
}

std::string code(std::string_view text) {
  return text.empty() ? std::string() : fmt::format("`{}`", cell(text));
}

}  // namespace

std::string_view property_type_name(PropertyType type) {
  switch (type) {
    case PropertyType::kBoolean:
      return "boolean";
    case PropertyType::kString:
      return "string";
    case PropertyType::kInt:
      return "int";
    case PropertyType::kShort:
      return "short";
    case PropertyType::kLong:
      return "long";
    case PropertyType::kDouble:
      return "double";
    case PropertyType::kList:
      return "list";
  }
  return "unknown";
}

std::string_view effect_name(Effect effect) {
  switch (effect) {
    case Effect::kWorks:
      return "works";
    case Effect::kHolds:
      return "holds";
    case Effect::kRefused:
      return "refused";
  }
  return "unknown";
}

std::string Property::wanted() const {
  if (type == PropertyType::kBoolean) return "true or false";
  if (!choices.empty())
    return type == PropertyType::kList ? fmt::format("a list of {}", choices)
                                       : std::string(choices);
  if (min != kLowest && max != kHighest) return fmt::format("a number from {} to {}", min, max);
  if (min != kLowest) return fmt::format("at least {}", min);
  return {};
}

std::string properties_page() {
  std::string page =
      "# Properties\n\n"
      "Generated from the catalogue in `src/broker/properties`; `./dev properties` writes it "
      "anew.\n\n"
      "A property *works* when what it says is done here, *holds* when nothing need be done for "
      "it, and is *refused*, "
      "unless it is left at its default, when nothing here would do it.\n\n"
      "## Of topics\n\n"
      "`millrace topic create NAME --config PROPERTY=VALUE` for a new topic, `millrace topic "
      "alter` "
      "for one that is there, or any "
      "client's CreateTopics and IncrementalAlterConfigs. A change is in force at once. The "
      "broker's "
      "property of the last column shows "
      "the default.\n\n"
      "| property | type | default | wanted | what it is | here | default from |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const Property& property : topic_properties())
    page += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |\n", property.name,
                        property_type_name(property.type), code(property.default_value),
                        cell(property.wanted()), property.documentation, effect_of(property),
                        code(property.synonym));
  page +=
      "\n## Of the broker\n\n"
      "`millrace up --config PROPERTY=VALUE` sets what it starts with, where no other option is "
      "named, and so the defaults of topics; programs that embed the broker have `BrokerConfig`. "
      "What changes while it runs, the defaults of topics too, is set by `millrace config alter`, "
      "or any client's IncrementalAlterConfigs, for one broker or for all.\n\n"
      "| property | type | default | what it is | here | changes while it runs |\n"
      "|---|---|---|---|---|---|\n";
  for (const Property& property : broker_properties())
    page +=
        fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", property.name,
                    property_type_name(property.type), code(property.default_value),
                    property.documentation, effect_of(property), property.is_dynamic ? "yes" : "");
  return page;
}

}  // namespace millrace::broker
