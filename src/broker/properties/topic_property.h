// The topic properties of Kafka, each with the place where a log keeps it. Pure facts.
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "broker/properties.h"
#include "storage/log_config.h"

namespace millrace::broker {

using storage::LogConfig;

/// Where a log keeps a property; nowhere when no log asks for it. Functions take checked values.
using LogSetting = std::variant<std::monostate, std::int64_t LogConfig::*, double LogConfig::*,
                                bool LogConfig::*, void (*)(LogConfig&, std::string_view)>;

struct TopicProperty {
  Property about;
  LogSetting setting;
};

/// Sorted by name.
std::span<const TopicProperty> topic_property_rows();
/// Null when Kafka knows no such topic property.
const TopicProperty* find_topic_property(std::string_view name);

/// Whether Kafka would take the value, whatever comes of it here.
/// errors  kInvalidArgument with what was wanted and found; names the nearest property
Status check_topic_property(std::string_view name, std::string_view value);
/// Whether a new topic may have it: also that something comes of it here.
/// errors  as check_topic_property, and kInvalidArgument for what is refused, with the reason
Status admit_topic_property(std::string_view name, std::string_view value);

/// Puts a property into a log's settings.
/// errors  those of check_topic_property; the settings are unchanged
Status set_topic_property(LogConfig& config, std::string_view name, std::string_view value);

}  // namespace millrace::broker
