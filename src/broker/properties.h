// Every property of topics and of the broker, in one catalogue. DescribeConfigs, the checks of
// CreateTopics and AlterConfigs, the settings of logs, help texts and docs/generated/properties.md
// follow from it.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::broker {

/// Numbers as DescribeConfigs v3 sends them.
enum class PropertyType : std::int8_t {
  kBoolean = 1,
  kString = 2,
  kInt = 3,
  kShort = 4,
  kLong = 5,
  kDouble = 6,
  kList = 7
};
std::string_view property_type_name(PropertyType type);

/// What comes of setting it to something else than the default.
enum class Effect : std::uint8_t {
  kWorks,   // it does what Kafka says
  kHolds,   // nothing need be done here for what it promises to hold
  kRefused  // nothing here would do it, so who sets it is told
};

/// "works", "holds" or "refused".
std::string_view effect_name(Effect effect);

/// Views live as long as the program.
struct Property {
  std::string_view name;
  PropertyType type = PropertyType::kString;
  std::string_view default_value;
  std::string_view documentation;
  Effect effect = Effect::kWorks;
  /// Where it is honoured, or why it holds, or why it is refused.
  std::string_view reason;
  /// Of a topic's property, the broker's property that sets the default; empty when there is none.
  std::string_view synonym = {};
  /// Of numbers.
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  /// Of texts and lists: the words allowed, separated by '|'; empty when any word is.
  std::string_view choices = {};
  /// Of a broker's property, the option of `millrace up` that sets it; empty when there is none.
  std::string_view flag = {};
  /// Of a broker's property, whether it changes while the broker runs, for one or for all.
  bool is_dynamic = false;

  /// "-1 …", "0 to 1", "delete|compact": what a value has to be, for people. Empty for any.
  std::string wanted() const;
};

/// All properties that a topic may have, sorted by name.    thread  any
std::vector<Property> topic_properties();
/// The broker's own properties, sorted by name; besides these it has the synonyms of the topics',
/// which change while it runs.
std::vector<Property> broker_properties();

/// The properties that a consumer group may have, sorted by name.
std::vector<Property> group_properties();

/// The property that says which brokers of the process are stopped (ADR 31).
inline constexpr std::string_view kStoppedBrokers = "millrace.brokers.stopped";

/// The reference page, docs/generated/properties.md.
std::string properties_page();

}  // namespace millrace::broker
