// The topic properties of Kafka: names, types, defaults, ranges. Pure facts; what they mean to a
// log is storage/log_config.h.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "base/result.h"
#include "broker/topics/topic_table.h"

namespace millrace::broker {

/// Numbers as DescribeConfigs v3 sends them.
enum class ConfigType : std::int8_t {
  kBoolean = 1,
  kString = 2,
  kInt = 3,
  kShort = 4,
  kLong = 5,
  kDouble = 6,
  kList = 7,
  kClass = 8,
  kPassword = 9
};

struct TopicConfigDefinition {
  std::string_view name;
  ConfigType type = ConfigType::kString;
  std::string_view default_value;
  /// The broker property that sets the default; empty when there is none.
  std::string_view broker_name;
  std::string_view documentation;
  /// For kInt and kLong.
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  /// For kString and kList: the words allowed, separated by '|'; empty when any word is.
  std::string_view choices = {};
};

/// Sorted by name.
std::span<const TopicConfigDefinition> topic_config_definitions();
/// Null when Kafka knows no such topic property.
const TopicConfigDefinition* find_topic_config(std::string_view name);

/// Whether Kafka would take the value.
/// errors  kInvalidArgument with what was wanted and found
Status check_topic_config(std::string_view name, std::string_view value);

}  // namespace millrace::broker
