#include "broker/properties/settings_in_force.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/edit_distance.h"
#include "broker/properties/broker_property.h"
#include "broker/properties/property_value.h"
#include "broker/properties/topic_property.h"

namespace millrace::broker {

namespace {

/// The topic's property whose default the broker's property of that name sets.
const TopicProperty* find_defaulted(std::string_view name) {
  const auto rows = topic_property_rows();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const TopicProperty& each) {
    return each.about.synonym == name;
  });
  return found == rows.end() ? nullptr : &*found;
}

Error unknown_broker_property(std::string_view name) {
  std::vector<std::string_view> names;
  for (const BrokerProperty& row : broker_property_rows()) names.push_back(row.about.name);
  for (const TopicProperty& row : topic_property_rows()) names.push_back(row.about.synonym);
  const auto meant = probably_meant(name, names);
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("there is no property '{}' of brokers here{}", name,
                           meant ? fmt::format(": did you mean '{}'?", *meant) : "")};
}

/// Whether the default of a topic's property may be that.
Status check_topic_default(const TopicProperty& row, std::string_view value) {
  Property about = row.about;
  about.name = about.synonym;
  if (auto status = check_property_value(about, value); !status.ok()) return status;
  if (about.effect != Effect::kRefused || value == about.default_value) return {};
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("{}={} would do nothing here: {}; leave it at {}", about.name, value,
                           about.reason, about.default_value)};
}

Status admit_dynamic(std::string_view name, std::string_view value) {
  if (const TopicProperty* const row = find_defaulted(name); row != nullptr)
    return check_topic_default(*row, value);
  const BrokerProperty* const own = find_broker_property(name);
  if (own == nullptr) return unknown_broker_property(name);
  if (!own->about.is_dynamic)
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("{} does not change while the broker runs", name)};
  return check_property_value(own->about, value);
}

}  // namespace

const std::string* dynamic_value(const ClusterSettings& set, BrokerId node, std::string_view name) {
  for (const std::string& resource : {fmt::to_string(node), std::string()}) {
    const ConfigOverrides& configs = set.of({ConfigResourceType::kBroker, resource});
    if (const auto found = configs.find(name); found != configs.end()) return &found->second;
  }
  return nullptr;
}

namespace {

/// What is set of consumer groups, over what all of them have.
decltype(GroupConfig::consumer_times) consumer_times(const ClusterSettings& set,
                                                     const GroupConfig& config) {
  decltype(GroupConfig::consumer_times) times;
  for (const auto& [group, configs] : set.groups) {
    const auto millis = [&](std::string_view name, Millis otherwise) {
      const auto found = configs.find(name);
      if (found == configs.end()) return otherwise;
      std::int64_t value = 0;
      std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
      return value > 0 ? Millis{value} : otherwise;
    };
    times[group] = {millis("consumer.session.timeout.ms", config.consumer_session_timeout),
                    millis("consumer.heartbeat.interval.ms", config.consumer_heartbeat_interval)};
  }
  return times;
}

}  // namespace

SettingsInForce settings_in_force(const ClusterSettings& set, const BrokerConfig& config,
                                  BrokerId node) {
  SettingsInForce in_force{.set = set, .config = config, .topic_defaults = {}};
  in_force.config.transactions.version = feature_level(set.features, config, kTransactionVersion);
  in_force.config.groups.consumer_times = consumer_times(set, config.groups);
  for (const BrokerProperty& row : broker_property_rows()) {
    if (!row.about.is_dynamic) continue;
    const std::string* const value = dynamic_value(set, node, row.about.name);
    if (value != nullptr && check_property_value(row.about, *value).ok())
      row.keep(in_force.config, *value);
  }
  for (const TopicProperty& row : topic_property_rows()) {
    const std::string* value = dynamic_value(set, node, row.about.synonym);
    if (value == nullptr) {
      const auto configured = config.topic_defaults.find(row.about.synonym);
      if (configured != config.topic_defaults.end()) value = &configured->second;
    }
    if (row.about.synonym.empty() || value == nullptr) continue;
    if (check_topic_default(row, *value).ok())
      in_force.topic_defaults[std::string(row.about.name)] = *value;
  }
  return in_force;
}

std::int16_t feature_level(const FeatureLevels& set, const BrokerConfig& config,
                           std::string_view feature) {
  const Feature* const known = find_feature(feature);
  if (known == nullptr) return 0;
  const auto found = set.find(feature);
  // A later version may have gone higher than this one can.
  if (found != set.end()) return std::clamp(found->second, known->min, known->max);
  return feature == kTransactionVersion ? config.transactions.version : known->initial;
}

const Property* find_any_broker_property(std::string_view name) {
  if (const BrokerProperty* const own = find_broker_property(name); own != nullptr)
    return &own->about;
  const TopicProperty* const row = name.empty() ? nullptr : find_defaulted(name);
  return row == nullptr ? nullptr : &row->about;
}

Status set_broker_property(BrokerConfig& config, std::string_view name, std::string_view value) {
  if (const TopicProperty* const row = name.empty() ? nullptr : find_defaulted(name);
      row != nullptr) {
    auto status = check_topic_default(*row, value);
    if (status.ok()) config.topic_defaults[std::string(name)] = std::string(value);
    return status;
  }
  const BrokerProperty* const own = find_broker_property(name);
  if (own == nullptr) return unknown_broker_property(name);
  if (!own->can_be_set()) {
    const std::string_view flag = own->about.flag;
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("{} cannot be set: {}{}{}", name, own->about.reason,
                             flag.empty() ? "" : " ", flag)};
  }
  auto status = check_property_value(own->about, value);
  if (status.ok()) own->keep(config, value);
  return status;
}

PropertyCatalogue dynamic_broker_properties() {
  return {.find = &find_any_broker_property,
          .admit = &admit_dynamic,
          .refusal = wire::KafkaError::kInvalidRequest};
}

}  // namespace millrace::broker
