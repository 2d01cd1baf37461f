// What the broker knows of one client's connection: how it came, who it is, what it runs.
#pragma once

#include <string>

#include "io/connection.h"
#include "model/ids.h"

namespace millrace::broker {

/// Who asks. "User:ANONYMOUS" until somebody has proved to be somebody else, as in Kafka.
struct Principal {
  std::string type = "User";
  std::string name = "ANONYMOUS";

  bool operator==(const Principal&) const = default;
  /// "User:alice"
  std::string to_string() const { return type + ':' + name; }
};

/// Shared by a session and the requests of it that are under way; some of these outlive it.
/// thread  the connection's loop, but for what is const
struct ConnectionState {
  /// The name of the listener that accepted it.
  const std::string listener = "PLAINTEXT";
  /// The node that the client connected to.
  const BrokerId node = {};
  /// The address the client connected to: what Metadata tells it to come back to.
  const io::Endpoint local = {};
  const io::Endpoint peer = {};

  Principal principal = {};
  /// The SASL mechanism by which `principal` was proved; empty when nothing was.
  std::string mechanism = {};
  /// As ApiVersions said, "unknown" before.   source  KIP-511
  std::string software_name = "unknown";
  std::string software_version = "unknown";
};

}  // namespace millrace::broker
