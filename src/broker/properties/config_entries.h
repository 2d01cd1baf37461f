// What the configuration of a resource amounts to, as DescribeConfigs shows it: every property with
// its value, where that comes from, and what would hold without it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/properties.h"
#include "broker/properties/broker_property.h"
#include "broker/properties/config_overrides.h"
#include "broker/topics/cluster_settings.h"

namespace millrace::broker {

/// Numbers as on the wire.
enum class ConfigSource : std::int8_t {
  kTopic = 1,
  kBroker = 2,
  kAllBrokers = 3,
  kStaticBroker = 4,
  kDefault = 5,
  kGroup = 8
};

struct ConfigSynonym {
  std::string name;
  std::string value;
  ConfigSource source = ConfigSource::kDefault;

  bool operator==(const ConfigSynonym&) const = default;
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
/// set     what was set of brokers
/// config  what `broker` was started with
std::vector<ConfigEntry> topic_config_entries(const ConfigOverrides& overrides,
                                              const ClusterSettings& set,
                                              const BrokerConfig& config, BrokerId broker);

/// All properties of the broker, sorted by name: its own and the defaults of topics.
std::vector<ConfigEntry> broker_config_entries(const ClusterSettings& set,
                                               const BrokerView& broker);
/// All properties of a group, sorted by name.
/// broker  has the defaults
std::vector<ConfigEntry> group_config_entries(const ConfigOverrides& overrides,
                                              const BrokerView& broker);
/// What is set for all brokers, sorted by name.
std::vector<ConfigEntry> all_brokers_config_entries(const ClusterSettings& set);

}  // namespace millrace::broker
