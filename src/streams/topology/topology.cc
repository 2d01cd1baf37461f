#include "streams/topology/topology.h"

#include <fmt/format.h>

namespace millrace::streams {
namespace {

std::string names_of(const TaskPlan& plan, const std::vector<NodeId>& nodes) {
  if (nodes.empty()) return "none";
  std::string text;
  for (const NodeId node : nodes) {
    if (!text.empty()) text += ", ";
    text += plan.nodes[node].name;
  }
  return text;
}

std::string describe_node(const TaskPlan& plan, const NodePlan& node) {
  const std::string to = "      --> " + names_of(plan, node.children) + "\n";
  const std::string from = "      <-- " + names_of(plan, node.parents) + "\n";
  switch (node.kind) {
    case NodeKind::kSource:
      return fmt::format("    Source: {} (topics: [{}])\n{}", node.name, node.topic.name, to);
    case NodeKind::kSink:
      return fmt::format("    Sink: {} (topic: {})\n{}", node.name, node.topic.name, from);
    case NodeKind::kProcessor:
      break;
  }
  return fmt::format("    Processor: {} (stores: [{}])\n{}{}", node.name,
                     fmt::join(node.stores, ", "), to, from);
}

}  // namespace

std::string Topology::describe() const {
  std::string text = "Topologies:\n ";
  for (const TaskPlan& plan : plans_) {
    text += fmt::format("  Sub-topology: {}\n", plan.subtopology);
    for (const NodePlan& node : plan.nodes) text += describe_node(plan, node);
    text += "\n";
  }
  return text;
}

}  // namespace millrace::streams
