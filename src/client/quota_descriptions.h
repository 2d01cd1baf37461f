// What Admin is told of client quotas, and how it changes them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace millrace::client {

/// Whom a quota is for: by type ("user", "client-id", "ip") the name; none stands for whom no other
/// quota names.
using QuotaEntity = std::map<std::string, std::optional<std::string>>;
/// By key: "producer_byte_rate", "consumer_byte_rate", "request_percentage",
/// "controller_mutation_rate"; of addresses "connection_creation_rate".
using QuotaValues = std::map<std::string, double>;
/// By key the new value; none removes it.
using QuotaChanges = std::map<std::string, std::optional<double>>;

/// Which entities are asked for: those that have every component.
struct QuotaFilter {
  /// Numbers as on the wire.
  enum class Match : std::int8_t { kName = 0, kDefault = 1, kAny = 2 };
  struct Component {
    Match match = Match::kAny;
    std::string name = {};  // of kName
  };

  std::map<std::string, Component> components = {};  // by type; none means all entities
  bool is_strict = false;                            // entities have no further component
};

}  // namespace millrace::client
