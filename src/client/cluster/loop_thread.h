// LoopThread: an event loop on a thread of its own.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/time.h"
#include "io/env.h"
#include "io/handoff.h"

namespace millrace::client {

using io::Handoff;

/// thread  post() from any; run() and await() from any but the loop's own; the rest the owner's
///
/// Invariants
///   What lives on the loop is touched by its thread only, and is gone before stop().
///   Nobody waits for the loop on the loop, nor while he holds a lock that a task takes.
///   A task that run() or await() waits for has run when they return: it may refer to the caller's
///   own variables.
class LoopThread {
 public:
  /// name  of the thread; `env` outlives this
  LoopThread(io::Env& env, const std::string& name)
      : env_(env),
        loop_(env.make_loop()),
        thread_(env.start_thread(name, [this] { loop_->run(); })) {}
  ~LoopThread() { stop(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  io::EventLoop& loop() { return *loop_; }
  void post(io::Task task) { loop_->post(std::move(task)); }

  /// Runs `task` on the loop and waits until it has run.
  template <class Function>
  void run(Function&& task) {
    CHECK(!loop_->is_loop_thread(), "a client's own callback must not wait for the client");
    auto handoff = std::make_shared<Handoff<bool>>(env_);
    loop_->post([&task, handoff] {
      task();
      handoff->put(true);
    });
    handoff->take();
  }
  /// Starts something on the loop that ends by calling what it is given, and waits for that.
  template <class T, class Function>
  T await(Function&& start) {
    CHECK(!loop_->is_loop_thread(), "a client's own callback must not wait for the client");
    auto handoff = std::make_shared<Handoff<T>>(env_);
    loop_->post(
        [&start, handoff] { start([handoff](T value) { handoff->put(std::move(value)); }); });
    return handoff->take();
  }

  /// Everything that lives on the loop must be gone.
  void stop() {
    if (std::exchange(is_stopped_, true)) return;
    loop_->post([this] { loop_->stop(); });  // heard even when the thread has not begun to run it
    thread_->join();
  }

 private:
  io::Env& env_;
  bool is_stopped_ = false;
  std::unique_ptr<io::EventLoop> loop_;
  std::unique_ptr<io::Thread> thread_;  // last: it runs the loop
};

}  // namespace millrace::client
