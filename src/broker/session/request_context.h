// What a handler knows of a request besides its body.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/buffer.h"
#include "base/time.h"
#include "broker/session/connection_state.h"
#include "io/event_loop.h"
#include "model/ids.h"

namespace millrace::broker {

/// The session as a request that waits sees it.
class RequestOwner {
 public:
  virtual ~RequestOwner() = default;
  /// See RequestContext::when_abandoned.
  virtual void when_abandoned(std::uint64_t request, std::function<void()> drop) = 0;
  /// See RequestContext::hold_next.
  virtual std::function<void()> hold_next(std::uint64_t request) = 0;
  /// Nothing more is read of the connection for that time; replies leave.    thread  the loop's
  virtual void mute(Millis time) = 0;
};

/// Move-only, as it owns the frame. A handler that answers at once looks at it; one that may answer
/// later gets it, and keeps it for as long as it needs the request's bytes.
struct RequestContext {
  std::int16_t api_version = 0;
  std::optional<std::string> client_id = {};
  /// The node that answers: as the connection has it. Which one leads is for each partition to say.
  BrokerId node = {};
  std::shared_ptr<ConnectionState> connection = {};
  /// Read once when the frame arrived; handlers read no clock.
  Timestamp wall = {};
  MonotonicTime now = {};
  /// The connection's loop: for timers of a parked request. Handlers run on its thread.
  io::EventLoop* loop = nullptr;
  /// The request's bytes, into which its Records fields point. The handler may patch them. They do
  /// not move when the context does.
  Buffer frame = {};
  std::weak_ptr<RequestOwner> owner = {};
  std::uint64_t number = 0;  // of this request, to its owner

  /// Calls `drop` once, on the loop, when the connection ends before this request is answered:
  /// whoever keeps the request then lets go of it, as nobody waits for the answer. Never from
  /// inside this call.   thread  the loop's
  void when_abandoned(std::function<void()> drop) const {
    if (const auto session = owner.lock()) session->when_abandoned(number, std::move(drop));
  }
  /// No request of this connection is read behind this one until what is returned was called, or
  /// this one is answered: for one that others may not overtake.
  /// thread  the loop's; what is returned: any
  std::function<void()> hold_next() const {
    const auto session = owner.lock();
    return session == nullptr ? [] {} : session->hold_next(number);
  }
};

/// The host of an address without the prefix that IPv4 has inside IPv6.
std::string plain_host(const io::Endpoint& endpoint);

}  // namespace millrace::broker
