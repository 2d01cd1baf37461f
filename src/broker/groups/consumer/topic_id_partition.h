// Which partition, by the topic's id: consumer groups never speak of names, so that a topic which
// was deleted and made again is another one.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "model/uuid.h"

namespace millrace::broker {

struct TopicIdPartition {
  Uuid topic_id;
  std::int32_t partition = 0;

  auto operator<=>(const TopicIdPartition&) const = default;
};

using Partitions = std::set<TopicIdPartition>;
/// Each with the epoch in which its member got it.
using OwnedPartitions = std::map<TopicIdPartition, std::int32_t>;

/// The partitions as messages and records have them: a list of topics, of which each lists its own.
/// Of  has topic_id and partitions
template <class Of, class Sorted, class PartitionOf>
std::vector<Of> by_topic(const Sorted& sorted, PartitionOf&& partition_of) {
  std::vector<Of> topics;
  for (const auto& item : sorted) {
    const TopicIdPartition& partition = partition_of(item);
    if (topics.empty() || topics.back().topic_id != partition.topic_id) {
      topics.emplace_back().topic_id = partition.topic_id;
    }
    topics.back().partitions.push_back(partition.partition);
  }
  return topics;
}
template <class Of>
std::vector<Of> by_topic(const Partitions& partitions) {
  return by_topic<Of>(partitions,
                      [](const TopicIdPartition& item) -> const TopicIdPartition& { return item; });
}
template <class Of>
std::vector<Of> by_topic(const OwnedPartitions& partitions) {
  return by_topic<Of>(partitions,
                      [](const auto& item) -> const TopicIdPartition& { return item.first; });
}

/// And back.
template <class Of>
Partitions partitions_of(const std::vector<Of>& topics) {
  Partitions partitions;
  for (const Of& topic : topics) {
    for (const std::int32_t partition : topic.partitions) {
      partitions.insert({topic.topic_id, partition});
    }
  }
  return partitions;
}

}  // namespace millrace::broker
