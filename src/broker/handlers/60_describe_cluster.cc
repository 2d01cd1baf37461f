// DescribeCluster, versions 0–2: the cluster id and the brokers.
//   Brokers that do not run are shown as fenced when they are asked for.
//   Controllers have no endpoint of their own here, so asking for them is a mismatch.
// Version notes: v1 tells brokers from controllers (KIP-919); v2 shows fenced brokers.
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/replies.h"
#include "wire/messages/describe_cluster.h"

namespace millrace::broker {

namespace {

constexpr std::int8_t kBrokers = 1;
constexpr std::int8_t kControllers = 2;

}  // namespace

wire::DescribeClusterResponse handle_describe_cluster(wire::DescribeClusterRequest request,
                                                      const RequestContext& context,
                                                      BrokerState& state) {
  wire::DescribeClusterResponse response;
  response.endpoint_type = request.endpoint_type;
  response.cluster_id = state.cluster_id.to_base64();
  if (request.endpoint_type != kBrokers) {
    response.error_code =
        code_of(request.endpoint_type == kControllers ? wire::KafkaError::kMismatchedEndpointType
                                                      : wire::KafkaError::kUnsupportedEndpointType);
    response.error_message = "this listener is a broker's";
    return response;
  }
  const auto nodes = state.nodes.list();
  response.controller_id = controller_of(*nodes).value();
  for (const Node& node : *nodes) {
    if (!node.is_running && !request.include_fenced_brokers) continue;
    auto [host, port] = address_of(node, *context.connection);
    auto& broker = response.brokers.emplace_back();
    broker.broker_id = node.id.value();
    broker.host = std::move(host);
    broker.port = port;
    broker.is_fenced = !node.is_running;
    if (!node.rack.empty()) broker.rack = node.rack;
  }
  if (request.include_cluster_authorized_operations)
    response.cluster_authorized_operations = kAllClusterOperations;
  return response;
}

}  // namespace millrace::broker
