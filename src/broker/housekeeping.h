// Housekeeping: what a broker does now and then without being asked. A thread that sleeps nearly
// always.
#pragma once

#include <functional>
#include <memory>

#include "broker/broker_core.h"

namespace millrace::broker {

class Housekeeping {
 public:
  /// core, env  outlive this
  Housekeeping(io::Env& env, BrokerCore& core);
  ~Housekeeping();
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

 private:
  void repeat(Millis interval, std::function<void()> chore);

  io::Env& env_;
  BrokerCore& core_;
  std::unique_ptr<io::EventLoop> loop_;
  std::unique_ptr<io::Thread> thread_;
};

}  // namespace millrace::broker
