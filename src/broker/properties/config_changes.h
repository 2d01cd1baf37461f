// What the changes that a request asks for make of a resource's configuration. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "broker/properties.h"
#include "broker/properties/config_overrides.h"
#include "wire/error_codes.h"

namespace millrace::broker {

/// Numbers as on the wire.
/// source  org.apache.kafka.clients.admin.AlterConfigOp.OpType
enum class ConfigOperation : std::int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };

struct ConfigChange {
  std::string name;
  ConfigOperation operation = ConfigOperation::kSet;
  std::string value = {};  // says nothing to kDelete
};

/// The catalogue of one kind of resource.
struct PropertyCatalogue {
  /// Null when there is no such property.
  const Property* (*find)(std::string_view name);
  /// Whether somebody may set it to that.
  Status (*admit)(std::string_view name, std::string_view value);
  /// How Kafka calls what is not admitted.
  wire::KafkaError refusal = wire::KafkaError::kInvalidConfig;
};

/// What is set once the changes are made, one after another. kAppend and kSubtract begin with the
/// default where nothing is set; words that are there already are not appended again.
/// errors  INVALID_CONFIG: kAppend or kSubtract on what is no list; the catalogue's refusal of what
///         it does not admit. Deleting what nobody knows is fine, as in Kafka.
Result<ConfigOverrides> changed_configs(ConfigOverrides current,
                                        std::span<const ConfigChange> changes,
                                        const PropertyCatalogue& catalogue);

}  // namespace millrace::broker
