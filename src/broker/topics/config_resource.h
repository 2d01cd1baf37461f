// What has a configuration of its own.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::broker {

/// Numbers as on the wire and in records.
/// source  org.apache.kafka.common.config.ConfigResource.Type
enum class ConfigResourceType : std::int8_t {
  kTopic = 2,
  kBroker = 4,
  kBrokerLogger = 8,
  kClientMetrics = 16,
  kGroup = 32
};

struct ConfigResource {
  ConfigResourceType type = ConfigResourceType::kTopic;
  /// Of a broker its id, or nothing for what holds for all brokers.
  std::string name;
};

}  // namespace millrace::broker
