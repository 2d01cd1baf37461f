// BrokerHost: the machine that the broker runs on, and all that can happen to it.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "broker/broker.h"
#include "tests/simulation/run_state.h"

namespace millrace::simulation {

/// thread  the director's
class BrokerHost {
 public:
  explicit BrokerHost(RunState& run) : run_(run) {}
  ~BrokerHost();
  BrokerHost(const BrokerHost&) = delete;
  BrokerHost& operator=(const BrokerHost&) = delete;

  bool is_up() const { return broker_ != nullptr; }
  /// Tries again for a while: a full disk passes.
  void start();
  void stop_cleanly();
  /// Whatever runs goes on as a ghost until it has been torn down, beside the next life.
  void crash(sim::SimNetwork::Kernel kernel);
  /// Stops one of several brokers that the process is to its clients, or starts it again.
  void turn_node(BrokerId node);

 private:
  broker::BrokerConfig config() const;

  RunState& run_;
  std::unique_ptr<broker::Broker> broker_;
  std::set<BrokerId> stopped_nodes_;
  std::vector<std::unique_ptr<io::Thread>> undertakers_;  // who tear ghosts down
};

}  // namespace millrace::simulation
