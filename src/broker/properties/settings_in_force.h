// What holds of a broker: its configuration, and what was set while the cluster ran. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "broker/broker_config.h"
#include "broker/properties.h"
#include "broker/properties/config_changes.h"
#include "broker/topics/cluster_settings.h"
#include "model/ids.h"

namespace millrace::broker {

struct SettingsInForce {
  ClusterSettings set;
  /// The broker's configuration with what was set of it.
  BrokerConfig config;
  /// What topics have that do not say otherwise, by the topics' names of properties, where it is
  /// not the catalogue's default.
  ConfigOverrides topic_defaults = {};
};

/// What was set that a later version may know and this one does not is passed over.
SettingsInForce settings_in_force(const ClusterSettings& set, const BrokerConfig& config,
                                  BrokerId node);

/// What is set of a broker's property while it runs: of the broker, or else of all. Null when
/// nothing is.
const std::string* dynamic_value(const ClusterSettings& set, BrokerId node, std::string_view name);

/// The level of a feature: what was set, or else what the configuration says.
std::int16_t feature_level(const FeatureLevels& set, const BrokerConfig& config,
                           std::string_view feature);

/// The property of that name, a broker's own or a topic's under the name of its default. Null when
/// there is none.
const Property* find_any_broker_property(std::string_view name);

/// For what is set while it runs: the catalogue admits what is dynamic.
PropertyCatalogue dynamic_broker_properties();

}  // namespace millrace::broker
