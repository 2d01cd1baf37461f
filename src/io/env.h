// Env: everything the outside world is to a component, in one place that a test can replace.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/random.h"
#include "base/time.h"
#include "io/event_loop.h"
#include "io/file_system.h"
#include "io/thread.h"

namespace millrace::io {

/// Borrowed by components for as long as they live. Thread-safe; what it makes need not be.
class Env {
 public:
  virtual ~Env() = default;

  virtual FileSystem& files() = 0;
  virtual const Clock& clock() const = 0;
  /// A generator of its own for each caller, from the operating system or, in simulation, from the
  /// seed.
  virtual Random make_random() = 0;
  virtual std::unique_ptr<EventLoop> make_loop() = 0;
  /// Runs `body` on a thread of its own. `body` must end before what it uses goes.
  /// name  for debuggers and profiles; the first 15 bytes count
  virtual std::unique_ptr<Thread> start_thread(const std::string& name,
                                               std::function<void()> body) = 0;
  virtual std::unique_ptr<Condition> make_condition() = 0;
};

/// The machine: POSIX files, its clocks, its entropy, epoll, its threads.
std::unique_ptr<Env> make_system_env();

}  // namespace millrace::io
