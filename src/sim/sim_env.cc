#include "sim/sim_env.h"

#include <utility>

#include "sim/sim_event_loop.h"
#include "sim/sim_thread.h"

namespace millrace::sim {

SimEnv::SimEnv(SimScheduler& scheduler, SimNetwork& network, std::string host,
               std::unique_ptr<SimFileSystem> files)
    : scheduler_(scheduler),
      network_(network),
      host_(std::move(host)),
      life_(std::make_shared<SimLife>(SimLife{.host = host_})),
      files_(std::move(files)) {}

std::unique_ptr<io::EventLoop> SimEnv::make_loop() {
  return std::make_unique<SimEventLoop>(scheduler_, network_, life_);
}

std::unique_ptr<io::Thread> SimEnv::start_thread(const std::string& name,
                                                 std::function<void()> body) {
  return std::make_unique<SimThread>(scheduler_, host_ + "/" + name, std::move(body));
}

std::unique_ptr<io::Condition> SimEnv::make_condition() {
  return std::make_unique<SimCondition>(scheduler_);
}

SimEnv& SimWorld::host(const std::string& name) {
  auto& place = hosts_[name];
  if (place == nullptr) {
    place.reset(new SimEnv(scheduler_, network_, name,
                           std::make_unique<SimFileSystem>(&scheduler_.clock())));
  }
  return *place;
}

SimEnv& SimWorld::crash(const std::string& name, SimNetwork::Kernel kernel) {
  SimEnv& old = host(name);
  // A process that dies takes nothing with it that it wrote; only a machine loses what was not
  // synced.
  auto disk = kernel == SimNetwork::Kernel::kLivesOn
                  ? old.files_->process_death()
                  : old.files_->crash(scheduler_.random().next());
  network_.end_life(*old.life_, kernel);
  ghosts_.push_back(std::move(hosts_[name]));
  hosts_[name].reset(new SimEnv(scheduler_, network_, name, std::move(disk)));
  return *hosts_[name];
}

}  // namespace millrace::sim
