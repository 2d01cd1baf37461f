// What an application may be told of while it goes on trying: brokers that cannot be reached, and
// such that answer but refuse.
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

struct Refusal {
  std::string question;  // such as "JoinGroup of group orders"
  std::string answer;    // the error that may pass, such as "COORDINATOR_NOT_AVAILABLE"
};

/// Each once a change. Without `on_unreachable`, or `on_refused`, it is logged instead.
/// thread  the I/O thread: they must not call what they belong to. What they throw is logged.
struct OutageListener {
  /// For a second and a half nobody has answered there, and calls wait for it.
  std::function<void(const BrokerOutage&)> on_unreachable = {};
  /// It answers again.
  std::function<void(const BrokerOutage&)> on_reached = {};
  /// For a second and a half brokers have answered with nothing but errors that may pass.
  std::function<void(const Refusal&)> on_refused = {};
  /// It was answered.
  std::function<void(const Refusal&)> on_answered = {};
};

}  // namespace millrace::client
