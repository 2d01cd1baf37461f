// A whole simulated world: hosts with files, clocks, loops and a network between them, all driven
// by one seed on one thread.
//   sim::SimWorld world(seed);
//   sim::SimEnv& broker = world.host("broker");
//   … start components on broker and on world.host("client") …
//   world.scheduler().run_until([&] { return done; }, Millis{60'000});
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/env.h"
#include "sim/sim_file_system.h"
#include "sim/sim_network.h"
#include "sim/sim_scheduler.h"

namespace millrace::sim {

/// One host. Its threads run one at a time, when the scheduler gives them their turn. Its loops are
/// driven by the world's scheduler; run() of a loop drives the whole world until that loop is
/// stopped.
class SimEnv final : public io::Env {
 public:
  io::FileSystem& files() override { return *files_; }
  const Clock& clock() const override { return scheduler_.clock(); }
  Random make_random() override { return Random(scheduler_.random().next()); }
  std::unique_ptr<io::EventLoop> make_loop() override;
  std::unique_ptr<io::Thread> start_thread(const std::string& name,
                                           std::function<void()> body) override;
  std::unique_ptr<io::Condition> make_condition() override;

  const std::string& host() const { return host_; }
  SimFileSystem& disk() { return *files_; }

 private:
  friend class SimWorld;
  SimEnv(SimScheduler& scheduler, SimNetwork& network, std::string host,
         std::unique_ptr<SimFileSystem> files);

  SimScheduler& scheduler_;
  SimNetwork& network_;
  const std::string host_;
  const std::shared_ptr<SimLife> life_;
  const std::unique_ptr<SimFileSystem> files_;
};

/// Outlives everything that runs in it.
class SimWorld {
 public:
  explicit SimWorld(std::uint64_t seed) : scheduler_(seed), network_(scheduler_) {}

  SimScheduler& scheduler() { return scheduler_; }
  SimNetwork& network() { return network_; }
  /// The host of that name, made when first asked for.
  SimEnv& host(const std::string& name);
  /// The power of `name` goes and comes back: host(name) is from now on another machine of that
  /// name, whose disk holds what the old one may hold after a power cut. What runs on the old one
  /// goes on as a ghost that reaches nobody, until its owners destroy it; they may take their time.
  SimEnv& crash(const std::string& name, SimNetwork::Kernel kernel);

 private:
  SimScheduler scheduler_;
  SimNetwork network_;
  std::map<std::string, std::unique_ptr<SimEnv>> hosts_;
  std::vector<std::unique_ptr<SimEnv>> ghosts_;
};

}  // namespace millrace::sim
