// Housekeeping: what a broker does now and then without being asked. A thread that sleeps nearly
// always.
#pragma once

#include <functional>
#include <memory>

#include "broker/broker_core.h"

namespace millrace::broker {

/// thread  the owner's, which must not be the housekeeper's own
///
/// Invariants
///   Chores run on one thread, one after another; a chore that takes long delays the others.
///   No chore holds what requests wait for longer than one partition's work takes.
///   When the destructor returns no chore runs, and none will.
class Housekeeping {
 public:
  /// core, env  outlive this
  Housekeeping(io::Env& env, BrokerCore& core);
  ~Housekeeping();
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

 private:
  void repeat(Millis interval, std::function<void()> chore);
  void settle_later();

  io::Env& env_;
  BrokerCore& core_;
  std::unique_ptr<io::EventLoop> loop_;
  std::unique_ptr<io::Thread> thread_;
};

}  // namespace millrace::broker
