// The broker's own properties, each with the place in its configuration. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "broker/broker_config.h"
#include "broker/properties.h"
#include "model/ids.h"

namespace millrace::broker {

/// What the values of a broker's properties are taken from.
struct BrokerView {
  const BrokerConfig& config;
  BrokerId node;
  /// Such as "PLAINTEXT://127.0.0.1:9092".
  std::string_view listener;
  /// Empty: none.
  std::string_view rack = {};
};

struct BrokerProperty {
  Property about;
  std::string (*value)(const BrokerView& broker);
};

/// Sorted by name.
std::span<const BrokerProperty> broker_property_rows();

}  // namespace millrace::broker
