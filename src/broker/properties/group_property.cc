#include "broker/properties/group_property.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "base/edit_distance.h"
#include "broker/properties/property_value.h"

namespace millrace::broker {

namespace {

using enum PropertyType;
using enum Effect;

constexpr std::string_view kNewProtocol = "groups of the consumer protocol (KIP-848)";

// clang-format off
constexpr std::array kGroupRows{
    Property{"consumer.heartbeat.interval.ms", kInt, "5000", "How often a member is to be heard.", kWorks, kNewProtocol, "group.consumer.heartbeat.interval.ms", 5'000, 15'000},
    Property{"consumer.session.timeout.ms", kInt, "45000", "How long a member may be silent.", kWorks, kNewProtocol, "group.consumer.session.timeout.ms", 45'000, 60'000},
};
// clang-format on

const Property* find_group_property(std::string_view name) {
  const auto* const found = std::find_if(kGroupRows.begin(), kGroupRows.end(),
                                         [&](const Property& each) { return each.name == name; });
  return found == kGroupRows.end() ? nullptr : found;
}

Status admit_group_property(std::string_view name, std::string_view value) {
  const Property* const property = find_group_property(name);
  if (property != nullptr) return check_property_value(*property, value);
  std::vector<std::string_view> names;
  for (const Property& row : kGroupRows) names.push_back(row.name);
  const auto meant = probably_meant(name, names);
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("there is no property '{}' of groups here{}", name,
                           meant ? fmt::format(": did you mean '{}'?", *meant) : "")};
}

}  // namespace

std::span<const Property> group_property_rows() {
  return kGroupRows;
}

std::vector<Property> group_properties() {
  return {kGroupRows.begin(), kGroupRows.end()};
}

Result<ConfigOverrides> plan_group_configs(ConfigOverrides current,
                                           std::span<const ConfigChange> changes) {
  return changed_configs(std::move(current), changes,
                         {.find = &find_group_property, .admit = &admit_group_property});
}

}  // namespace millrace::broker
