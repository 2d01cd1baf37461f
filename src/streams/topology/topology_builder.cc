#include "streams/topology/topology_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "base/check.h"
#include "model/topic_name.h"

namespace millrace::streams {
namespace {

/// Which nodes hang together; topics do not connect, they are where a topology is cut.
class Components {
 public:
  explicit Components(std::size_t count) : root_(count) {
    std::iota(root_.begin(), root_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t node) {
    while (root_[node] != node) node = root_[node] = root_[root_[node]];
    return node;
  }
  /// The smaller root wins, so that sub-topologies are numbered by their first node.
  void join(std::size_t a, std::size_t b) {
    const std::size_t root_a = find(a);
    const std::size_t root_b = find(b);
    root_[std::max(root_a, root_b)] = std::min(root_a, root_b);
  }

 private:
  std::vector<std::size_t> root_;
};

/// Indices of `nodes` in depth-first order from each source, parents before children.
std::vector<NodeId> walk_order(const std::vector<NodePlan>& nodes) {
  std::vector<NodeId> order;
  std::vector<std::size_t> parents_left;
  std::vector<NodeId> ready;
  for (NodeId i = nodes.size(); i-- > 0;) {
    if (nodes[i].kind == NodeKind::kSource) ready.push_back(i);
  }
  for (const NodePlan& node : nodes) parents_left.push_back(node.parents.size());
  while (!ready.empty()) {
    const NodeId node = ready.back();
    ready.pop_back();
    order.push_back(node);
    const auto& children = nodes[node].children;
    for (auto child = children.rbegin(); child != children.rend(); ++child) {
      if (--parents_left[*child] == 0) ready.push_back(*child);
    }
  }
  return order;
}

}  // namespace

std::string TopologyBuilder::next_name(std::string_view role) {
  return fmt::format("{}-{:010}", role, counter_++);
}

NodeId TopologyBuilder::add_source(std::string name, TopicRef topic, ProcessorFactory make) {
  NodePlan node{.name = std::move(name), .kind = NodeKind::kSource, .topic = std::move(topic)};
  node.make = std::move(make);
  nodes_.push_back(std::move(node));
  return nodes_.size() - 1;
}

NodeId TopologyBuilder::add_processor(std::string name, std::vector<NodeId> parents,
                                      ProcessorFactory make) {
  const NodeId id = nodes_.size();
  NodePlan node{.name = std::move(name), .parents = std::move(parents)};
  node.make = std::move(make);
  for (const NodeId parent : node.parents) nodes_[parent].children.push_back(id);
  nodes_.push_back(std::move(node));
  return id;
}

NodeId TopologyBuilder::add_stateful(std::string name, std::vector<NodeId> parents,
                                     std::vector<StorePlan> stores, ProcessorFactory make) {
  const NodeId id = add_processor(std::move(name), std::move(parents), std::move(make));
  for (StorePlan& store : stores) {
    nodes_[id].stores.push_back(store.name);
    stores_.push_back(std::move(store));
  }
  return id;
}

void TopologyBuilder::connect_store(NodeId node, std::string store) {
  nodes_[node].stores.push_back(std::move(store));
}

NodeId TopologyBuilder::add_sink(std::string name, NodeId parent, TopicRef topic,
                                 ProcessorFactory make) {
  const NodeId id = add_processor(std::move(name), {parent}, std::move(make));
  nodes_[id].kind = NodeKind::kSink;
  nodes_[id].topic = std::move(topic);
  return id;
}

void TopologyBuilder::add_repartition_topic(std::string name) {
  repartition_topics_.push_back(std::move(name));
}

void TopologyBuilder::fail(std::string message) {
  if (!failure_) failure_ = Error{ErrorCode::kInvalidArgument, std::move(message)};
}

void TopologyBuilder::fail_for_serde(std::string_view what, std::string_view place) {
  fail(fmt::format("{} needs a {} serde: specialise SerdeFor<T> or pass one", place, what));
}

Status TopologyBuilder::check() const {
  if (failure_) return Error(*failure_);
  const auto wrong = [](std::string message) {
    return Error{ErrorCode::kInvalidArgument, std::move(message)};
  };
  std::set<TopicRef> read;
  for (const NodePlan& node : nodes_) {
    if (node.kind == NodeKind::kProcessor) continue;
    if (const auto fault = fault_of_topic_name(node.topic.name)) {
      return wrong(fmt::format("\"{}\" is not a legal topic name: {}", node.topic.name, *fault));
    }
    if (node.kind == NodeKind::kSource && !read.insert(node.topic).second) {
      return wrong(
          fmt::format("{} is read twice: use one stream for both, or name the groupings "
                      "apart",
                      node.topic.name));
    }
  }
  if (read.empty()) return wrong("a topology reads at least one topic");
  std::set<std::string> stores;
  for (const StorePlan& store : stores_) {
    // It becomes a part of its changelog's name.
    if (fault_of_topic_name(store.name)) {
      return wrong(fmt::format("\"{}\" is not a legal store name", store.name));
    }
    if (!stores.insert(store.name).second) {
      return wrong(fmt::format("two stores are named {}", store.name));
    }
  }
  for (const NodePlan& node : nodes_) {
    for (const std::string& store : node.stores) {
      if (stores.contains(store)) continue;
      return wrong(fmt::format("{} uses store {}, which nobody adds", node.name, store));
    }
  }
  return {};
}

Result<Topology> TopologyBuilder::build() const {
  if (const Status checked = check(); !checked.ok()) return checked.error();

  Components components(nodes_.size());
  std::map<std::string, NodeId> first_user;
  for (NodeId i = 0; i < nodes_.size(); ++i) {
    for (const NodeId child : nodes_[i].children) components.join(i, child);
    for (const std::string& store : nodes_[i].stores) {
      components.join(i, first_user.try_emplace(store, i).first->second);
    }
  }
  std::vector<TaskPlan> plans;
  std::map<std::size_t, std::size_t> plan_of_root;
  std::vector<std::pair<std::size_t, NodeId>> place(nodes_.size());  // plan, index in it
  for (const NodeId node : walk_order(nodes_)) {
    const std::size_t root = components.find(node);
    const auto [known, is_new] = plan_of_root.try_emplace(root, plans.size());
    if (is_new) plans.push_back({static_cast<std::int32_t>(plans.size()), {}, {}});
    TaskPlan& plan = plans[known->second];
    place[node] = {known->second, plan.nodes.size()};
    plan.nodes.push_back(nodes_[node]);
    for (const std::string& name : nodes_[node].stores) add_store(plan, name);
  }
  for (TaskPlan& plan : plans) {
    for (NodePlan& node : plan.nodes) {
      for (NodeId& parent : node.parents) parent = place[parent].second;
      for (NodeId& child : node.children) child = place[child].second;
    }
  }
  return Topology(std::move(plans), repartition_topics(place));
}

void TopologyBuilder::add_store(TaskPlan& plan, const std::string& name) const {
  const auto is_named = [&](const StorePlan& store) { return store.name == name; };
  if (std::any_of(plan.stores.begin(), plan.stores.end(), is_named)) return;  // a shared one
  plan.stores.push_back(*std::find_if(stores_.begin(), stores_.end(), is_named));
}

std::vector<RepartitionTopic> TopologyBuilder::repartition_topics(
    const std::vector<std::pair<std::size_t, NodeId>>& place) const {
  std::vector<RepartitionTopic> topics;
  for (const std::string& name : repartition_topics_) {
    RepartitionTopic topic{name, {}};
    for (NodeId i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].kind == NodeKind::kSink && nodes_[i].topic.name == name) {
        topic.writers.push_back(place[i].first);
      }
    }
    topics.push_back(std::move(topic));
  }
  return topics;
}

}  // namespace millrace::streams
