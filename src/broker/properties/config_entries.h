// What the configuration of a topic or of the broker amounts to, as DescribeConfigs shows it: every
// property with its value, where that comes from, and what would hold without it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/properties.h"
#include "broker/properties/broker_property.h"
#include "broker/topics/topic_table.h"

namespace millrace::broker {

/// Numbers as on the wire.
enum class ConfigSource : std::int8_t { kTopic = 1, kStaticBroker = 4, kDefault = 5 };

struct ConfigSynonym {
  std::string name;
  std::string value;
  ConfigSource source = ConfigSource::kDefault;
};

struct ConfigEntry {
  std::string name;
  std::string value;
  ConfigSource source = ConfigSource::kDefault;
  PropertyType type = PropertyType::kString;
  std::string_view documentation;  // lives as long as the program
  bool is_read_only = false;
  /// From the one that holds to the default.
  std::vector<ConfigSynonym> synonyms;
};

/// All properties of a topic, sorted by name.
std::vector<ConfigEntry> topic_config_entries(const TopicConfigs& overrides);

/// All properties of the broker, sorted by name: its own and the defaults of topics.
std::vector<ConfigEntry> broker_config_entries(const BrokerView& broker);

}  // namespace millrace::broker
