#include "broker/properties/config_entries.h"

#include <algorithm>
#include <utility>

#include "broker/properties/topic_property.h"

namespace millrace::broker {

namespace {

/// A property of the broker, which nothing changes while it runs.
ConfigEntry entry_of_broker(std::string_view name, const Property& property, std::string value) {
  const std::string default_value(property.default_value);
  ConfigEntry entry{
      .name = std::string(name),
      .value = std::move(value),
      .source = ConfigSource::kDefault,
      .type = property.type,
      .documentation = property.documentation,
      .is_read_only = true,
      .synonyms = {},
  };
  if (entry.value != default_value) {
    entry.source = ConfigSource::kStaticBroker;
    entry.synonyms.push_back({entry.name, entry.value, ConfigSource::kStaticBroker});
  }
  entry.synonyms.push_back({entry.name, default_value, ConfigSource::kDefault});
  return entry;
}

}  // namespace

std::vector<ConfigEntry> topic_config_entries(const TopicConfigs& overrides) {
  std::vector<ConfigEntry> entries;
  for (const auto& [property, setting] : topic_property_rows()) {
    const std::string default_value(property.default_value);
    ConfigEntry entry{
        .name = std::string(property.name),
        .value = default_value,
        .source = ConfigSource::kDefault,
        .type = property.type,
        .documentation = property.documentation,
        .is_read_only = false,
        .synonyms = {},
    };
    if (const auto found = overrides.find(property.name); found != overrides.end()) {
      entry.value = found->second;
      entry.source = ConfigSource::kTopic;
      entry.synonyms.push_back({entry.name, entry.value, ConfigSource::kTopic});
    }
    if (!property.synonym.empty())
      entry.synonyms.push_back(
          {std::string(property.synonym), default_value, ConfigSource::kDefault});
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<ConfigEntry> broker_config_entries(const BrokerView& broker) {
  std::vector<ConfigEntry> entries;
  for (const BrokerProperty& row : broker_property_rows())
    entries.push_back(entry_of_broker(row.about.name, row.about, row.value(broker)));
  for (const auto& [property, setting] : topic_property_rows()) {
    if (property.synonym.empty()) continue;
    entries.push_back(
        entry_of_broker(property.synonym, property, std::string(property.default_value)));
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
  return entries;
}

}  // namespace millrace::broker
