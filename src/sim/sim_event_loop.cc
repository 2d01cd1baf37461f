#include "sim/sim_event_loop.h"

#include <utility>

#include "sim/sim_byte_stream.h"

namespace millrace::sim {

SimEventLoop::SimEventLoop(SimScheduler& scheduler, SimNetwork& network,
                           std::shared_ptr<const SimLife> life)
    : scheduler_(scheduler), lane_(scheduler), ports_(network, scheduler, lane_, std::move(life)) {}

void SimEventLoop::run() {
  if (scheduler_.is_on_strand()) return lane_.wait_until_stopped();
  while (!lane_.is_stopped() && scheduler_.step()) {
  }
  lane_.go_on();
}

Result<std::unique_ptr<io::Listener>> SimPorts::listen(const io::Endpoint& endpoint,
                                                       io::ListenOptions options,
                                                       OnAccept<io::Connection> on_accept) {
  return network_.listen(lane_, life_->host, endpoint, options.sharing, std::move(on_accept));
}

Result<std::unique_ptr<io::Listener>> SimPorts::listen_for_streams(
    const io::Endpoint& endpoint, io::ListenOptions options, OnAccept<io::ByteStream> on_accept) {
  return listen(endpoint, std::move(options),
                [this, on_accept = std::move(on_accept)](std::unique_ptr<io::Connection> made) {
                  on_accept(std::make_unique<SimByteStream>(std::move(made),
                                                            Random(scheduler_.random().next())));
                });
}

void SimPorts::connect(const io::Endpoint& endpoint, io::ConnectOptions options,
                       OnConnect<io::Connection> on_done) {
  network_.connect(lane_, life_, endpoint, options.timeout, std::move(on_done));
}

void SimPorts::connect_stream(const io::Endpoint& endpoint, io::ConnectOptions options,
                              OnConnect<io::ByteStream> on_done) {
  connect(endpoint, std::move(options),
          [this, on_done = std::move(on_done)](Result<std::unique_ptr<io::Connection>> made) {
            if (!made.ok()) return on_done(std::move(made).error());
            on_done(std::unique_ptr<io::ByteStream>(std::make_unique<SimByteStream>(
                std::move(made).value(), Random(scheduler_.random().next()))));
          });
}

}  // namespace millrace::sim
