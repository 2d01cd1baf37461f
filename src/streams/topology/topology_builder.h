// TopologyBuilder: the untyped graph under the DSL. Keeps names and numbers as Kafka Streams gives
// them, so that topics and stores of an application can be recognised.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "streams/runtime/task_plan.h"
#include "streams/topology/topology.h"

namespace millrace::streams {

class TopologyBuilder {
 public:
  /// "KSTREAM-FILTER-0000000003": the role and a number that counts all nodes and stores.
  std::string next_name(std::string_view role);

  NodeId add_source(std::string name, TopicRef topic, ProcessorFactory make);
  NodeId add_processor(std::string name, std::vector<NodeId> parents, ProcessorFactory make);
  /// A processor with stores of its own, any number.
  NodeId add_stateful(std::string name, std::vector<NodeId> parents, std::vector<StorePlan> stores,
                      ProcessorFactory make);
  /// Gives a processor a store that another has, too; both end up in one sub-topology.
  void connect_store(NodeId node, std::string store);
  NodeId add_sink(std::string name, NodeId parent, TopicRef topic, ProcessorFactory make);
  void add_repartition_topic(std::string name);

  /// Remembers the first mistake; build() reports it.
  void fail(std::string message);
  /// Fails when `serde` is empty; `what` says whose it is.
  template <class AnySerde>
  void require_serde(const AnySerde& serde, std::string_view what, std::string_view place) {
    if (serde.empty()) fail_for_serde(what, place);
  }

  /// errors  kInvalidArgument: no source, a topic read twice, two stores or topics of one name, a
  ///         missing serde, an illegal name
  Result<Topology> build() const;

 private:
  void fail_for_serde(std::string_view what, std::string_view place);
  Status check() const;
  void add_store(TaskPlan& plan, const std::string& name) const;
  std::vector<RepartitionTopic> repartition_topics(
      const std::vector<std::pair<std::size_t, NodeId>>& place) const;

  std::size_t counter_ = 0;
  std::vector<NodePlan> nodes_;
  std::vector<StorePlan> stores_;
  std::vector<std::string> repartition_topics_;
  std::optional<Error> failure_;
};

}  // namespace millrace::streams
