#include "broker/groups/offsets/offsets_store.h"

namespace millrace::broker {

void OffsetsStore::apply(const std::string& group_id, const OffsetChange& change) {
  if (change.value) {
    by_group_[group_id][change.topic].insert_or_assign(change.partition, *change.value);
    return;
  }
  const auto group = by_group_.find(group_id);
  if (group == by_group_.end()) return;
  const auto topic = group->second.find(change.topic);
  if (topic == group->second.end()) return;

  topic->second.erase(change.partition);
  if (topic->second.empty()) group->second.erase(topic);
  if (group->second.empty()) by_group_.erase(group);
}

const OffsetsStore::ByTopic* OffsetsStore::find(std::string_view group_id) const {
  const auto found = by_group_.find(group_id);
  return found == by_group_.end() ? nullptr : &found->second;
}

const CommittedOffset* OffsetsStore::find(std::string_view group_id, std::string_view topic,
                                          std::int32_t partition) const {
  const ByTopic* const topics = find(group_id);
  if (topics == nullptr) return nullptr;
  const auto by_partition = topics->find(topic);
  if (by_partition == topics->end()) return nullptr;
  const auto found = by_partition->second.find(partition);
  return found == by_partition->second.end() ? nullptr : &found->second;
}

std::vector<OffsetChange> OffsetsStore::removal_of(std::string_view group_id) const {
  std::vector<OffsetChange> changes;
  const ByTopic* const topics = find(group_id);
  if (topics == nullptr) return changes;
  for (const auto& [topic, partitions] : *topics) {
    for (const auto& [partition, committed] : partitions) {
      changes.push_back({.topic = topic, .partition = partition, .value = std::nullopt});
    }
  }
  return changes;
}

}  // namespace millrace::broker
