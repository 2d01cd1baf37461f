#include "broker/properties/config_entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "broker/properties/group_property.h"
#include "broker/properties/settings_in_force.h"
#include "broker/properties/topic_property.h"

namespace millrace::broker {

namespace {

using Synonyms = std::vector<ConfigSynonym>;

/// What a broker's property has, from what holds to the default.
/// configured  what the broker was started with
Synonyms synonyms_at(const ClusterSettings& set, BrokerId broker, std::string_view name,
                     const std::string& configured, std::string_view default_value) {
  Synonyms synonyms;
  const auto add_set = [&](std::string resource, ConfigSource source) {
    const auto& configs = set.of({ConfigResourceType::kBroker, std::move(resource)});
    const auto found = configs.find(name);
    if (found != configs.end()) synonyms.push_back({std::string(name), found->second, source});
  };
  add_set(fmt::to_string(broker), ConfigSource::kBroker);
  add_set({}, ConfigSource::kAllBrokers);
  if (configured != default_value)
    synonyms.push_back({std::string(name), configured, ConfigSource::kStaticBroker});
  synonyms.push_back({std::string(name), std::string(default_value), ConfigSource::kDefault});
  return synonyms;
}

Synonyms synonyms_of_default(const Property& property, const ClusterSettings& set,
                             const BrokerConfig& config, BrokerId broker) {
  const auto configured = config.topic_defaults.find(property.synonym);
  return synonyms_at(set, broker, property.synonym,
                     configured == config.topic_defaults.end() ? std::string(property.default_value)
                                                               : configured->second,
                     property.default_value);
}

ConfigEntry entry_with(std::string_view name, const Property& property, Synonyms synonyms) {
  ConfigEntry entry{
      .name = std::string(name),
      .value = std::string(property.default_value),
      .source = ConfigSource::kDefault,
      .type = property.type,
      .documentation = property.documentation,
      .is_read_only = false,
      .synonyms = std::move(synonyms),
  };
  if (entry.synonyms.empty()) return entry;
  entry.value = entry.synonyms.front().value;
  entry.source = entry.synonyms.front().source;
  return entry;
}

void sort_by_name(std::vector<ConfigEntry>& entries) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
}

}  // namespace

std::vector<ConfigEntry> topic_config_entries(const ConfigOverrides& overrides,
                                              const ClusterSettings& set,
                                              const BrokerConfig& config, BrokerId broker) {
  std::vector<ConfigEntry> entries;
  for (const auto& [property, setting] : topic_property_rows()) {
    Synonyms synonyms;
    if (const auto found = overrides.find(property.name); found != overrides.end())
      synonyms.push_back({found->first, found->second, ConfigSource::kTopic});
    if (!property.synonym.empty()) {
      auto of_default = synonyms_of_default(property, set, config, broker);
      synonyms.insert(synonyms.end(), of_default.begin(), of_default.end());
    }
    entries.push_back(entry_with(property.name, property, std::move(synonyms)));
  }
  return entries;
}

std::vector<ConfigEntry> broker_config_entries(const ClusterSettings& set,
                                               const BrokerView& broker) {
  std::vector<ConfigEntry> entries;
  for (const BrokerProperty& row : broker_property_rows()) {
    auto& entry = entries.emplace_back(entry_with(
        row.about.name, row.about,
        synonyms_at(set, broker.node, row.about.name, row.value(broker), row.about.default_value)));
    entry.is_read_only = !row.about.is_dynamic;
  }
  for (const auto& [property, setting] : topic_property_rows()) {
    if (property.synonym.empty()) continue;
    entries.push_back(entry_with(property.synonym, property,
                                 synonyms_of_default(property, set, broker.config, broker.node)));
  }
  sort_by_name(entries);
  return entries;
}

std::vector<ConfigEntry> group_config_entries(const ConfigOverrides& overrides,
                                              const BrokerView& broker) {
  std::vector<ConfigEntry> entries;
  for (const Property& property : group_property_rows()) {
    Synonyms synonyms;
    if (const auto found = overrides.find(property.name); found != overrides.end())
      synonyms.push_back({found->first, found->second, ConfigSource::kGroup});
    const BrokerProperty* const of_all = find_broker_property(property.synonym);
    synonyms.push_back(
        {std::string(property.name),
         of_all == nullptr ? std::string(property.default_value) : of_all->value(broker),
         ConfigSource::kDefault});
    entries.push_back(entry_with(property.name, property, std::move(synonyms)));
  }
  return entries;
}

std::vector<ConfigEntry> all_brokers_config_entries(const ClusterSettings& set) {
  std::vector<ConfigEntry> entries;
  for (const auto& [name, value] : set.of({ConfigResourceType::kBroker, {}})) {
    const Property* const property = find_any_broker_property(name);
    // A later version may have set what this one does not know.
    if (property == nullptr) continue;
    entries.push_back(entry_with(name, *property, {{name, value, ConfigSource::kAllBrokers}}));
  }
  return entries;
}

}  // namespace millrace::broker
