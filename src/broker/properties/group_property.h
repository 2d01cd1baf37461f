// The properties of consumer groups. Pure.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "broker/properties.h"
#include "broker/properties/config_changes.h"
#include "broker/properties/config_overrides.h"

namespace millrace::broker {

/// Sorted by name.
std::span<const Property> group_property_rows();

/// What is set of a group, once the changes are made.
/// errors  INVALID_CONFIG
Result<ConfigOverrides> plan_group_configs(ConfigOverrides current,
                                           std::span<const ConfigChange> changes);

}  // namespace millrace::broker
