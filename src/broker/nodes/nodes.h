// Nodes: the brokers that this process is to its clients: ids, racks and addresses over one log and
// one set of coordinators. Usually there is one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "broker/broker_config.h"
#include "io/endpoint.h"
#include "model/ids.h"

namespace millrace::broker {

struct ConnectionState;

struct Node {
  BrokerId id;
  /// broker.rack; empty when none was given.
  std::string rack = {};
  /// Where it listens. Port 0 until it is known which one was given.
  io::Endpoint listens = {};
  /// What clients are told to connect to; nothing: the address by which they came.
  std::optional<io::Endpoint> advertised = {};
  /// One that does not run has no listener, leads nothing and is not shown.
  bool is_running = true;

  bool operator==(const Node&) const = default;
};

using NodeList = std::vector<Node>;

/// The nodes that a configuration asks for: ids from `first` on, ports from that of `kafka` on
/// (each its own free one for port 0), racks dealt round.
/// errors  kInvalidArgument: those of check_advertised; too many or no brokers; ports past 65535; a
///         replication factor that the brokers cannot give
Result<NodeList> plan_nodes(const BrokerConfig& config, BrokerId first);

/// thread  any; cost of a look: one lock and one shared pointer
class Nodes {
 public:
  explicit Nodes(NodeList nodes)
      : count_(nodes.size()), nodes_(std::make_shared<const NodeList>(std::move(nodes))) {}

  /// Of all, those that do not run too. Never changes.
  std::size_t count() const { return count_; }
  bool are_many() const { return count_ > 1; }
  std::shared_ptr<const NodeList> list() const {
    return nodes_.with([](const auto& nodes) { return nodes; });
  }
  /// In order of their ids.
  std::vector<BrokerId> running() const;

  /// How often another node came to be called the controller, from 1 on; not kept across restarts.
  std::int32_t controller_epoch() const { return controller_epoch_.load(); }

  void set_listening(BrokerId node, const io::Endpoint& endpoint);
  void set_running(BrokerId node, bool is_running);

 private:
  template <class Change>
  void change(BrokerId node, Change change);

  const std::size_t count_;
  Guarded<std::shared_ptr<const NodeList>> nodes_;
  std::atomic<std::int32_t> controller_epoch_ = 1;
};

/// Null when there is none of that id.
const Node* find_node(const NodeList& nodes, BrokerId id);
/// Who is called the controller: the first that runs. Every node takes what is asked of it.
BrokerId controller_of(const NodeList& nodes);
/// Where the client of this connection reaches a node, without an IPv4-in-IPv6 prefix.
io::Endpoint address_of(const Node& node, const ConnectionState& connection);

}  // namespace millrace::broker
