// SimEventLoop: an io::EventLoop in virtual time.
#pragma once

#include <memory>
#include <utility>

#include "base/saturating.h"
#include "io/event_loop.h"
#include "io/network.h"
#include "sim/sim_network.h"
#include "sim/sim_scheduler.h"

namespace millrace::sim {

/// A loop's io::Network in the world's one.
class SimPorts final : public io::Network {
 public:
  /// network, scheduler, lane  outlive this
  SimPorts(SimNetwork& network, SimScheduler& scheduler, SimLane& lane,
           std::shared_ptr<const SimLife> life)
      : network_(network), scheduler_(scheduler), lane_(lane), life_(std::move(life)) {}

  Result<std::unique_ptr<io::Listener>> listen(const io::Endpoint& endpoint,
                                               io::ListenOptions options,
                                               OnAccept<io::Connection> on_accept) override;
  Result<std::unique_ptr<io::Listener>> listen_for_streams(
      const io::Endpoint& endpoint, io::ListenOptions options,
      OnAccept<io::ByteStream> on_accept) override;
  void connect(const io::Endpoint& endpoint, io::ConnectOptions options,
               OnConnect<io::Connection> on_done) override;
  void connect_stream(const io::Endpoint& endpoint, io::ConnectOptions options,
                      OnConnect<io::ByteStream> on_done) override;

 private:
  SimNetwork& network_;
  SimScheduler& scheduler_;
  SimLane& lane_;
  const std::shared_ptr<const SimLife> life_;
};

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
  MonotonicTime now() const override { return scheduler_.clock().monotonic(); }
  io::TimerId call_after(Millis delay, io::Task task) override {
    return lane_.call_after(bounded_wait(delay), std::move(task));
  }
  void cancel(io::TimerId timer) override { lane_.cancel(timer); }
  io::Network& network() override { return ports_; }

 private:
  SimScheduler& scheduler_;
  SimLane lane_;
  SimPorts ports_;
};

}  // namespace millrace::sim
