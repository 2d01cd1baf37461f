// What an application may be told of brokers that cannot be reached while it goes on trying.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "model/ids.h"

namespace millrace::client {

struct BrokerOutage {
  /// Who advertises the address; nothing when it is of bootstrap.servers.
  std::optional<BrokerId> broker;
  std::string address;  // HOST:PORT
  std::string reason;
};

/// Each once a change. Without `on_unreachable` it is logged instead.
/// thread  the I/O thread: they must not call what they belong to. What they throw is logged.
struct OutageListener {
  /// For a second and a half nobody has answered there, and calls wait for it.
  std::function<void(const BrokerOutage&)> on_unreachable = {};
  /// It answers again.
  std::function<void(const BrokerOutage&)> on_reached = {};
};

}  // namespace millrace::client
