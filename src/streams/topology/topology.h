// Topology: the graph of sources, operators and sinks, cut into sub-topologies at the topics
// between them. A value: built once, run by StreamsApp or by testing::TestDriver.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "streams/runtime/task_plan.h"

namespace millrace::streams {

/// A topic that the application makes for itself so that records with equal keys meet.
struct RepartitionTopic {
  std::string name;                  // without the application id
  std::vector<std::size_t> writers;  // sub-topologies; its partitions are those of their sources
};

class Topology {
 public:
  Topology() = default;
  Topology(std::vector<TaskPlan> plans, std::vector<RepartitionTopic> repartition_topics)
      : plans_(std::move(plans)), repartition_topics_(std::move(repartition_topics)) {}

  /// One per sub-topology.
  const std::vector<TaskPlan>& plans() const { return plans_; }
  const std::vector<RepartitionTopic>& repartition_topics() const { return repartition_topics_; }
  /// The graph as text, in the form of Kafka Streams' Topology#describe().
  std::string describe() const;

 private:
  std::vector<TaskPlan> plans_;
  std::vector<RepartitionTopic> repartition_topics_;
};

}  // namespace millrace::streams
