// ListeningThread: what every broker made for a test that has real clients is on: a RequestListener
// on a thread of its own, at any free port of the loopback.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "client/cluster/loop_thread.h"
#include "client/testing/request_listener.h"

namespace millrace::client {

/// The last member of what it calls, so that it stops before what it calls is gone.
/// thread  the test's; on_request is called on its own
class ListeningThread {
 public:
  ListeningThread(io::Env& env, std::string name, RequestListener::OnRequest on_request)
      : thread_(env, std::move(name)) {
    run([&] {
      listener_ = std::make_unique<RequestListener>(thread_.loop(), io::Endpoint{"127.0.0.1", 0},
                                                    std::move(on_request));
      endpoint_ = listener_->endpoint();
    });
  }
  ~ListeningThread() { stop(); }
  ListeningThread(const ListeningThread&) = delete;
  ListeningThread& operator=(const ListeningThread&) = delete;

  /// Where it listens, or did.
  const io::Endpoint& endpoint() const { return endpoint_; }
  /// Runs `step` between two requests, and waits for its end.
  template <class Step>
  void run(Step&& step) {
    thread_.run(std::forward<Step>(step));
  }
  /// From now on nobody listens there, and its connections are closed.
  void stop() {
    run([this] { listener_.reset(); });
  }

 private:
  io::Endpoint endpoint_;
  std::unique_ptr<RequestListener> listener_;  // on the loop
  LoopThread thread_;
};

}  // namespace millrace::client
