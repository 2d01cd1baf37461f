#include "broker/nodes/nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "broker/session/request_context.h"

namespace millrace::broker {

namespace {

constexpr std::int32_t kPortMax = 65'535;

Error bad_nodes(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

/// The address of the node after `index` others; port 0 stays "a free one".
io::Endpoint counted_up(io::Endpoint first, std::int32_t index) {
  if (first.port != 0) first.port = static_cast<std::uint16_t>(first.port + index);
  return first;
}

Status check_ports(std::string_view what, const io::Endpoint& first, std::int32_t count) {
  if (first.port + count - 1 <= kPortMax) return {};
  return bad_nodes(fmt::format("{}: wanted {} ports from {} on, but {} is the last there is", what,
                               count, first.port, kPortMax));
}

}  // namespace

Result<NodeList> plan_nodes(const BrokerConfig& config, BrokerId first) {
  if (config.brokers < 1 || config.brokers > kBrokersMax)
    return bad_nodes(fmt::format("brokers: wanted 1 to {}, found {}", kBrokersMax, config.brokers));
  if (config.replication_factor < 1 || config.replication_factor > config.brokers)
    return bad_nodes(
        fmt::format("replication factor: wanted 1 to {}, as there {} {} broker{}, found {}",
                    config.brokers, config.brokers == 1 ? "is" : "are", config.brokers,
                    config.brokers == 1 ? "" : "s", config.replication_factor));
  if (auto status = check_ports("listeners", config.kafka, config.brokers); !status.ok())
    return std::move(status).error();
  if (config.advertised) {
    auto status = check_advertised(*config.advertised);
    if (status.ok()) status = check_ports("advertised", *config.advertised, config.brokers);
    if (!status.ok()) return std::move(status).error();
  }

  NodeList nodes;
  for (std::int32_t index = 0; index < config.brokers; ++index) {
    Node& node = nodes.emplace_back(Node{.id = BrokerId{first.value() + index}});
    node.listens = counted_up(config.kafka, index);
    if (config.advertised) node.advertised = counted_up(*config.advertised, index);
    if (!config.racks.empty())
      node.rack = config.racks[static_cast<std::size_t>(index) % config.racks.size()];
    else if (config.brokers > 1)
      node.rack = fmt::format("rack-{}", index + 1);
  }
  return nodes;
}

std::vector<BrokerId> Nodes::running() const {
  std::vector<BrokerId> ids;
  const auto nodes = list();
  for (const Node& node : *nodes) {
    if (node.is_running) ids.push_back(node.id);
  }
  return ids;
}

template <class Change>
void Nodes::change(BrokerId id, Change change) {
  nodes_.with([&](std::shared_ptr<const NodeList>& nodes) {
    auto next = std::make_shared<NodeList>(*nodes);
    for (Node& node : *next) {
      if (node.id == id) change(node);
    }
    if (controller_of(*next) != controller_of(*nodes)) ++controller_epoch_;
    nodes = std::move(next);
  });
}

void Nodes::set_listening(BrokerId node, const io::Endpoint& endpoint) {
  change(node, [&](Node& changed) { changed.listens = endpoint; });
}

void Nodes::set_running(BrokerId node, bool is_running) {
  change(node, [&](Node& changed) { changed.is_running = is_running; });
}

const Node* find_node(const NodeList& nodes, BrokerId id) {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const Node& node) { return node.id == id; });
  return found == nodes.end() ? nullptr : &*found;
}

BrokerId controller_of(const NodeList& nodes) {
  for (const Node& node : nodes) {
    if (node.is_running) return node.id;
  }
  return nodes.front().id;
}

io::Endpoint address_of(const Node& node, const ConnectionState& connection) {
  if (node.advertised) return *node.advertised;
  const io::Endpoint& local = connection.local;
  return {plain_host(local), node.id == connection.node ? local.port : node.listens.port};
}

}  // namespace millrace::broker
