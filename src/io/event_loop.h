// One thread that waits for sockets and timers and runs plain callbacks; no coroutines (ADR 0002).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "io/connection.h"

namespace millrace::io {

using Task = std::function<void()>;

/// Names a timer that has not fired yet. 0 is no timer.
using TimerId = std::uint64_t;

/// A listening socket; closes when destroyed. Owner loop only.
class Listener {
 public:
  virtual ~Listener() = default;
  /// The address it really listens on: with port 0 asked, the port that was given.
  virtual Endpoint local_endpoint() const = 0;
};

/// An event loop. The thread that is in run() owns everything made by it; connections and listeners
/// are destroyed before their loop.
/// thread  post, stop and now from any thread; everything else from the loop's own thread, or
///         before run()
class EventLoop {
 public:
  virtual ~EventLoop() = default;

  /// Runs callbacks until stop(); the calling thread becomes the loop's own.
  virtual void run() = 0;
  /// Makes run() return after the callback under way. Tasks not yet run are dropped with the loop.
  virtual void stop() = 0;
  /// Runs `task` on the loop's thread, in the order posted.  cost  one lock, and a wake-up when the
  /// loop sleeps
  virtual void post(Task task) = 0;
  virtual bool is_loop_thread() const = 0;
  virtual MonotonicTime now() const = 0;

  /// Runs `task` once, `delay` from now.
  virtual TimerId call_after(Millis delay, Task task) = 0;
  /// The task will not run any more. Of a timer that has fired, or of 0, it does nothing.
  virtual void cancel(TimerId timer) = 0;

  /// Listens with SO_REUSEADDR; when `loops_share_port` is set also with SO_REUSEPORT, so that
  /// several loops can accept on one port and the kernel spreads the connections.
  /// endpoint   an address; "localhost" for its IPv4 and IPv6 address at once; "*" or "::" for all
  ///            addresses of both families; port 0 for a free port
  /// on_accept  gets each new connection, not yet started
  /// errors     kIo with the address and the reason, such as a port in use; kInvalidArgument for a
  ///            host that does not resolve. A name is resolved on the spot, so call this at start.
  struct ListenOptions {
    bool loops_share_port = false;
    /// SO_SNDBUF of each accepted connection; 0 leaves it to the operating system, which lets it
    /// grow to megabytes.
    std::size_t send_buffer_bytes = 0;
  };
  virtual Result<std::unique_ptr<Listener>> listen(
      const Endpoint& endpoint, ListenOptions options,
      std::function<void(std::unique_ptr<Connection>)> on_accept) = 0;

  /// Connects; `on_done` is called exactly once, later, on the loop: with a connection not yet
  /// started, or kTimeout, or kNotFound for a host name that does not resolve, or kIo with the
  /// reason. Host names are resolved without blocking the loop.
  virtual void connect(const Endpoint& endpoint, Millis timeout,
                       std::function<void(Result<std::unique_ptr<Connection>>)> on_done) = 0;
};

/// A loop on epoll through Boost.Asio.
std::unique_ptr<EventLoop> make_event_loop();

}  // namespace millrace::io
