#include "broker/nodes/coordinators.h"

#include <cstdint>

#include "broker/coordination/append_queue.h"
#include "broker/topics/topic_catalogue.h"

namespace millrace::broker {

std::string_view topic_of_coordinator(ResourceType kept) {
  return kept == ResourceType::kGroup ? kOffsetsTopic : kTransactionsTopic;
}

BrokerId coordinator_of(const TopicTable& topics, ResourceType kept, std::string_view name) {
  const Topic* const topic = topics.find(topic_of_coordinator(kept));
  if (topic == nullptr) return kNoLeader;
  const auto count = static_cast<std::int32_t>(topic->partitions.size());
  return topic->partition(partition_of(name, count).value())->leader();
}

bool CoordinatedHere::allows(const ConnectionState& who, Ask ask, std::string_view name) const {
  if (ask.type == kept_) return coordinator_of(*topics_.table(), kept_, name) == who.node;
  // Whoever may describe the cluster sees all groups: no node knows them all.
  return ask != Ask{Operation::kDescribe, ResourceType::kCluster};
}

}  // namespace millrace::broker
