#include "sim/sim_event_loop.h"

#include <utility>

namespace millrace::sim {

SimEventLoop::SimEventLoop(SimScheduler& scheduler, SimNetwork& network,
                           std::shared_ptr<const SimLife> life)
    : scheduler_(scheduler), network_(network), life_(std::move(life)), lane_(scheduler) {}

void SimEventLoop::run() {
  if (scheduler_.is_on_strand()) return lane_.wait_until_stopped();
  while (!lane_.is_stopped() && scheduler_.step()) {
  }
  lane_.go_on();
}

Result<std::unique_ptr<io::Listener>> SimEventLoop::listen(
    const io::Endpoint& endpoint, ListenOptions options,
    std::function<void(std::unique_ptr<io::Connection>)> on_accept) {
  return network_.listen(lane_, life_->host, endpoint, options.loops_share_port,
                         std::move(on_accept));
}

void SimEventLoop::connect(const io::Endpoint& endpoint, Millis timeout,
                           std::function<void(Result<std::unique_ptr<io::Connection>>)> on_done) {
  network_.connect(lane_, life_, endpoint, timeout, std::move(on_done));
}

}  // namespace millrace::sim
