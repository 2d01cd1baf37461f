// The property names that clients understand, with Kafka's defaults and what a value must be.
// properties.cc checks against it, client_config.cc reads typed values through it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "client/properties.h"

namespace millrace::client {

enum class PropertyType { kText, kInteger, kBoolean, kChoice, kTextList };

/// Bits of PropertyRow::kinds.
inline constexpr unsigned kForProducer = 1;
inline constexpr unsigned kForConsumer = 2;
inline constexpr unsigned kForAdmin = 4;
inline constexpr unsigned kForAll = 7;

struct PropertyRow {
  std::string_view name;
  unsigned kinds;
  PropertyType type;
  std::string_view default_value;
  std::int64_t min;          // kInteger
  std::int64_t max;          // kInteger
  std::string_view choices;  // kChoice: separated by '|'
  std::string_view purpose;

  bool serves(ClientKind kind) const { return (kinds & (1U << static_cast<unsigned>(kind))) != 0; }
};

/// All rows, by name.
std::span<const PropertyRow> property_rows();

/// The row named `name` that serves `kind`, or null.
const PropertyRow* find_property_row(ClientKind kind, std::string_view name);

/// What a value of `row` must be, such as "an integer from 0 to 5".
std::string wanted_value(const PropertyRow& row);

/// errors  kInvalidArgument saying what was wanted and what was found
Status check_value(const PropertyRow& row, std::string_view value);

}  // namespace millrace::client
