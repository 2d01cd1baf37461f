#include "sim/sim_env.h"

#include <utility>

#include "sim/sim_event_loop.h"
#include "sim/sim_thread.h"

namespace millrace::sim {

SimEnv::SimEnv(SimScheduler& scheduler, SimNetwork& network, std::string host)
    : scheduler_(scheduler), network_(network), host_(std::move(host)) {}

std::unique_ptr<io::EventLoop> SimEnv::make_loop() {
  return std::make_unique<SimEventLoop>(scheduler_, network_, host_);
}

std::unique_ptr<io::Thread> SimEnv::start_thread(const std::string& name,
                                                 std::function<void()> body) {
  return std::make_unique<SimThread>(scheduler_, host_ + "/" + name, std::move(body));
}

std::unique_ptr<io::Condition> SimEnv::make_condition() {
  return std::make_unique<SimCondition>(scheduler_);
}

void SimEnv::cut_power() {
  files_ = files_->crash(scheduler_.random().next());
  network_.reset_connections(host_);
}

SimEnv& SimWorld::host(const std::string& name) {
  return hosts_.try_emplace(name, scheduler_, network_, name).first->second;
}

}  // namespace millrace::sim
