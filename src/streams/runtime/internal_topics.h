// The topics that an application makes for itself: which, with how many partitions, and kept how
// long. Decided here, purely; runtime/topic_keeper.h carries it out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "streams/topology/topology.h"

namespace millrace::streams {

/// Partitions of topics, by name as the broker knows it.
using TopicPartitions = std::map<std::string, std::int32_t, std::less<>>;

struct InternalTopic {
  std::string name;
  std::int32_t partitions;
  std::map<std::string, std::string> configs;
};

struct InternalTopicPlan {
  std::vector<InternalTopic> topics;
  TopicPartitions sources;  // every topic that the topology reads, its own ones included
};

/// The topics that a topology reads and does not make itself.
std::vector<std::string> external_sources(const Topology& topology);

/// external  partitions of every external source
/// errors    kInvalidArgument when topics that feed one store differ in their partition counts
Result<InternalTopicPlan> plan_internal_topics(const Topology& topology,
                                               std::string_view application_id,
                                               const TopicPartitions& external);

}  // namespace millrace::streams
