// What Admin is told of configurations, and how it changes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::client {

/// Numbers as on the wire.
enum class ConfigResourceKind : std::int8_t {
  kTopic = 2,
  kBroker = 4,
  kClientMetrics = 16,
  kGroup = 32
};
struct ConfigResource {
  ConfigResourceKind kind = ConfigResourceKind::kTopic;
  /// Of a broker its id, or nothing for what holds for all brokers.
  std::string name;

  auto operator<=>(const ConfigResource&) const = default;
};

/// Who set a value. Numbers as on the wire; a broker may send others.
enum class ConfigSource : std::int8_t {
  kUnknown = 0,
  kTopic = 1,
  kBroker = 2,
  kAllBrokers = 3,
  kStaticBroker = 4,
  kDefault = 5,
  kBrokerLogger = 6,
  kClientMetrics = 7,
  kGroup = 8
};
/// As Kafka's tools name it: DYNAMIC_TOPIC_CONFIG.
std::string_view config_source_name(ConfigSource source);

/// Numbers as on the wire; a broker may send others.
enum class ConfigType : std::int8_t {
  kUnknown = 0,
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
/// BOOLEAN, STRING, …
std::string_view config_type_name(ConfigType type);

struct ConfigSynonym {
  std::string name;
  std::optional<std::string> value;
  ConfigSource source = ConfigSource::kUnknown;
};

struct ConfigEntry {
  std::string name;
  std::optional<std::string> value;  // null when sensitive
  bool is_default = false;
  bool is_read_only = false;
  bool is_sensitive = false;
  ConfigSource source = ConfigSource::kUnknown;
  // Only with ConfigDetail::kAll; before Kafka 2.6 a broker does not say type and documentation.
  ConfigType type = ConfigType::kUnknown;
  std::vector<ConfigSynonym> synonyms = {};  // from the one that holds to the default
  std::optional<std::string> documentation = {};
};

enum class ConfigDetail { kValues, kAll };

/// One property of a resource, and what becomes of it.
struct ConfigChange {
  /// Numbers as on the wire. kAppend and kSubtract change words of a list.
  enum class Operation : std::int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };

  std::string name;
  Operation operation = Operation::kSet;
  std::string value = {};  // says nothing to kDelete

  bool operator==(const ConfigChange&) const = default;
};

}  // namespace millrace::client
