// One thread that waits for sockets and timers and runs plain callbacks; no coroutines (ADR 0002).
// Sockets are io/network.h's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/time.h"

namespace millrace::io {

using Task = std::function<void()>;

/// Names a timer that has not fired yet. 0 is no timer.
using TimerId = std::uint64_t;

class Network;

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

  /// Listening and connecting, for connections that belong to this loop.
  virtual Network& network() = 0;
};

/// A loop on epoll through Boost.Asio.
std::unique_ptr<EventLoop> make_event_loop();

}  // namespace millrace::io
