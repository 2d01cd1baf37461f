// LoopSockets: the sockets of nodes on the loops that serve them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "broker/nodes/node_switch.h"
#include "broker/session/serving_loop.h"

namespace millrace::broker {

/// thread  any
class LoopSockets final : public NodeSockets {
 public:
  using Loops = std::vector<std::unique_ptr<ServingLoop>>;
  /// loops  outlive this, run, and stay as they are
  LoopSockets(const Loops& loops, std::size_t send_buffer_bytes)
      : loops_(loops), send_buffer_bytes_(send_buffer_bytes) {}

  void close(BrokerId node, std::function<void()> done) override;
  /// All loops listen, or none.
  void open(const Node& node, std::function<void(Status)> done) override;

 private:
  void open_on_all(const Node& node, const std::function<void(Status)>& done);

  const Loops& loops_;
  const std::size_t send_buffer_bytes_;
};

}  // namespace millrace::broker
