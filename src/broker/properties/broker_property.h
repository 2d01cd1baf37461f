// The broker's own properties, each with the place in its configuration. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.h"
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

/// A time whose property counts minutes.
struct Minutes {
  Millis GroupConfig::*member;
};

/// Where the configuration keeps a property; what nobody can set is only shown, by a function.
using BrokerSetting =
    std::variant<std::string (*)(const BrokerView& broker), Millis BrokerConfig::*,
                 std::int32_t BrokerConfig::*, std::size_t BrokerConfig::*, bool BrokerConfig::*,
                 std::string BrokerConfig::*, Millis GroupConfig::*, std::int32_t GroupConfig::*,
                 Minutes, Millis TransactionConfig::*>;

struct BrokerProperty {
  Property about;
  BrokerSetting setting;

  std::string value(const BrokerView& broker) const;
  bool can_be_set() const { return setting.index() != 0; }
  /// value  one that was checked
  void keep(BrokerConfig& config, std::string_view value) const;
};

/// Sorted by name.
std::span<const BrokerProperty> broker_property_rows();
/// Null when the broker has no such property of its own.
const BrokerProperty* find_broker_property(std::string_view name);

}  // namespace millrace::broker
