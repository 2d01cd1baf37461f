// NodeSwitch: stops and starts single nodes of a process, as their clients see it: leaders move and
// replicas leave and come back, listeners close and open. The log goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "base/result.h"
#include "broker/nodes/nodes.h"

namespace millrace::broker {

class TopicCatalogue;

/// The sockets of nodes, for whoever has event loops.
class NodeSockets {
 public:
  virtual ~NodeSockets() = default;
  /// Ends the listener and the connections of a node, then calls `done`, on any thread.
  virtual void close(BrokerId node, std::function<void()> done) = 0;
  /// Listens again where the node did, then calls `done`, on any thread.
  /// errors  kIo with the address, such as a port that somebody else took meanwhile
  virtual void open(const Node& node, std::function<void(Status)> done) = 0;
};

/// thread  any; one change at a time, a second one meanwhile is refused
class NodeSwitch {
 public:
  /// Both outlive this.
  NodeSwitch(Nodes& nodes, TopicCatalogue& topics) : nodes_(nodes), topics_(topics) {}

  /// Before the first request. Null: there are no sockets.
  void use(NodeSockets* sockets) { sockets_ = sockets; }

  using Done = std::function<void(Status)>;
  /// When the caller of a stop hears that it is done: who asked the node itself has to be answered
  /// before its connections end.
  enum class Tell : std::uint8_t { kWhenClosed, kWhenLeadersMoved };
  /// Moves what the node leads to others, takes it out of those in sync, and ends its sockets. Then
  /// calls `done`, on any thread; nothing happens when it does not run.
  /// errors  BROKER_ID_NOT_REGISTERED; INVALID_REQUEST for the last one that runs, as nobody could
  ///         start it again; REQUEST_TIMED_OUT while another change is under way
  void stop(BrokerId node, Done done, Tell tell);
  void stop(BrokerId node, Done done) { stop(node, std::move(done), Tell::kWhenClosed); }
  /// Opens the node's sockets; it is in sync at once, and leads what nobody led.
  /// errors  BROKER_ID_NOT_REGISTERED; BROKER_NOT_AVAILABLE when its port was taken meanwhile; those
  ///         of a disk that does not take what changes. It does not run then
  void start(BrokerId node, Done done);

 private:
  /// Nothing: the change may begin, and ends with finish().
  Status begin(BrokerId node);
  void finish(const Done& done, Status status);
  /// A start that failed when its sockets were open.
  void take_back(BrokerId node, const Done& done, Status why);

  Nodes& nodes_;
  TopicCatalogue& topics_;
  NodeSockets* sockets_ = nullptr;
  Guarded<bool> is_changing_{false};
};

}  // namespace millrace::broker
