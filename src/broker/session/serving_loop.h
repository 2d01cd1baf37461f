// ServingLoop: one event loop on a thread of its own, with the connections that it accepted for
// each node.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "base/result.h"
#include "broker/session/session.h"
#include "io/env.h"
#include "io/network.h"

namespace millrace::broker {

/// thread  the owner's, but that loop().post() is for any
///
/// Invariants
///   Sessions are made, used and destroyed on the loop's thread, or when there is none any more.
///   A session ends before its connection, and its connection before the loop.
///   Before start() there is no session; once begin_stop()'s task has run none is added, and the
///   loop runs until the last has ended or kFarewell has passed.
class ServingLoop {
 public:
  /// How long a stop waits for clients to take their last replies.
  static constexpr Millis kFarewell{500};

  /// env, handlers, state  outlive this
  ServingLoop(io::Env& env, const HandlerTable& handlers, BrokerState& state);
  ~ServingLoop();
  ServingLoop(const ServingLoop&) = delete;
  ServingLoop& operator=(const ServingLoop&) = delete;

  io::EventLoop& loop() { return *loop_; }

  /// What comes to `endpoint` is `node`'s. Returns the address with the port that was given.
  /// errors  kIo with the address, such as a port in use
  /// thread  the loop's once it runs
  Result<io::Endpoint> listen(BrokerId node, const io::Endpoint& endpoint,
                              io::ListenOptions options);
  /// Stops listening for a node. What it accepted goes on.
  /// thread  the loop's once it runs
  void close_listener(BrokerId node) { listeners_.erase(node); }
  /// Ends what a node has here: its listener, and its connections once they have taken what they
  /// are owed.   thread  the loop's
  void end_node(BrokerId node);
  void start();

  /// Tells the loop to accept no more, send what is queued, and end.    thread  any other
  void begin_stop();
  /// Waits for that.
  void join();

 private:
  void accept(BrokerId node, std::unique_ptr<io::Connection> connection);
  void forget(std::uint64_t session);
  void stop_sessions();

  std::unique_ptr<io::EventLoop> loop_;
  io::Env& env_;
  SessionHost host_;
  std::map<BrokerId, std::unique_ptr<io::Listener>> listeners_;
  std::map<std::uint64_t, std::shared_ptr<Session>> sessions_;  // shared with calls under way
  std::uint64_t next_session_ = 1;
  bool is_stopping_ = false;
  std::unique_ptr<io::Thread> thread_;  // null until start()
};

}  // namespace millrace::broker
