// SocketLoop: the event loop as connections see it from inside: readiness of a socket, host names,
// and a scratch buffer. It keeps Boost.Asio, which drives it, out of everything else.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "io/event_loop.h"
#include "io/socket_address.h"
#include "io/unique_fd.h"

namespace millrace::io {

/// Owns a socket and waits for it. Destroying it closes the socket and silences the callbacks; it
/// may be destroyed from inside one.
class SocketWatch {
 public:
  virtual ~SocketWatch() = default;
  virtual int fd() const = 0;
  /// Calls on_readable (on_writable) once, later, when a read (write) would not block.
  virtual void await_readable() = 0;
  virtual void await_writable() = 0;
  /// Gives the socket away; no callback comes any more.
  virtual UniqueFd release() = 0;
};

class SocketLoop : public EventLoop {
 public:
  virtual std::unique_ptr<SocketWatch> watch(UniqueFd socket, Task on_readable,
                                             Task on_writable) = 0;
  /// Looks up a host name without blocking; `on_done` is called later.
  using Addresses = std::vector<SocketAddress>;
  virtual void resolve(const Endpoint& endpoint,
                       std::function<void(Result<Addresses>)> on_done) = 0;
  /// Room for one read, free for whoever runs on the loop until it returns.
  virtual std::span<char> scratch() = 0;
};

}  // namespace millrace::io
