// What a handler knows of a request besides its body.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/time.h"
#include "io/connection.h"
#include "io/event_loop.h"

namespace millrace::broker {

/// Valid during the handler's call; a handler that parks copies what it needs.
struct RequestContext {
  std::int16_t api_version = 0;
  std::optional<std::string> client_id;
  /// The address the client connected to: what Metadata tells it to come back to.
  io::Endpoint local;
  io::Endpoint peer;
  /// Read once when the frame arrived; handlers read no clock.
  Timestamp wall;
  MonotonicTime now;
  /// The connection's loop: for timers of a parked request. Handlers run on its thread.
  io::EventLoop* loop = nullptr;
  /// The request's bytes, into which its Records fields point. A handler may patch them.
  std::span<char> frame;
};

}  // namespace millrace::broker
