// SimEventLoop: an io::EventLoop in virtual time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/saturating.h"
#include "io/event_loop.h"
#include "sim/sim_network.h"
#include "sim/sim_scheduler.h"

namespace millrace::sim {

class SimEventLoop final : public io::EventLoop {
 public:
  /// life  of the host that the loop runs on
  SimEventLoop(SimScheduler& scheduler, SimNetwork& network, std::shared_ptr<const SimLife> life);

  /// On a simulated thread: waits until this loop is stopped; its tasks run meanwhile, as they do
  /// before, and none after. On the thread that drives the scheduler: drives all loops until this
  /// one is stopped, or nothing is left to run.
  void run() override;
  void stop() override { lane_.stop(); }
  void post(io::Task task) override { lane_.post(std::move(task)); }
  /// Whether one of its tasks is running.
  bool is_loop_thread() const override { return lane_.is_running(); }
  MonotonicTime now() const override { return scheduler_.now(); }
  io::TimerId call_after(Millis delay, io::Task task) override {
    return lane_.call_after(bounded_wait(delay), std::move(task));
  }
  void cancel(io::TimerId timer) override { lane_.cancel(timer); }
  Result<std::unique_ptr<io::Listener>> listen(
      const io::Endpoint& endpoint, ListenOptions options,
      std::function<void(std::unique_ptr<io::Connection>)> on_accept) override;
  void connect(const io::Endpoint& endpoint, Millis timeout,
               std::function<void(Result<std::unique_ptr<io::Connection>>)> on_done) override;

 private:
  SimScheduler& scheduler_;
  SimNetwork& network_;
  const std::shared_ptr<const SimLife> life_;
  SimLane lane_;
};

}  // namespace millrace::sim
