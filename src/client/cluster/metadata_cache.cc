#include "client/cluster/metadata_cache.h"

namespace millrace::client {
namespace {

constexpr std::int32_t kPartitionsMax = 1'000'000;  // an index beyond is not believed

TopicMetadata taken_from(const wire::MetadataResponse::MetadataResponseTopic& answer,
                         const TopicMetadata* known) {
  TopicMetadata topic;
  topic.id = answer.topic_id;
  topic.error = static_cast<wire::KafkaError>(answer.error_code);
  topic.is_internal = answer.is_internal;
  for (const auto& partition : answer.partitions) {
    if (partition.partition_index < 0 || partition.partition_index >= kPartitionsMax) continue;
    const auto index = static_cast<std::size_t>(partition.partition_index);
    if (index >= topic.partitions.size()) topic.partitions.resize(index + 1);
    PartitionMetadata fresh{BrokerId{partition.leader_id}, LeaderEpoch{partition.leader_epoch}};
    const bool is_same_topic = known != nullptr && known->id == topic.id;
    if (is_same_topic && index < known->partitions.size()) {
      const PartitionMetadata& old = known->partitions[index];
      if (old.leader_epoch > fresh.leader_epoch && old.leader != kNoBroker) fresh = old;
    }
    topic.partitions[index] = fresh;
  }
  return topic;
}

}  // namespace

void MetadataCache::update(const wire::MetadataResponse& answer) {
  if (!answer.brokers.empty()) brokers_.clear();
  note_brokers(answer.brokers);
  controller_ = BrokerId{answer.controller_id};
  cluster_id_ = answer.cluster_id.value_or("");
  for (const auto& topic : answer.topics) {
    if (!topic.name) continue;
    const auto known = topics_.find(*topic.name);
    topics_[*topic.name] = taken_from(topic, known == topics_.end() ? nullptr : &known->second);
  }
}

void MetadataCache::keep_topics(const std::set<std::string>& topics) {
  std::erase_if(topics_, [&](const auto& topic) { return topics.count(topic.first) == 0; });
}

void MetadataCache::note_broker(BrokerNode node) {
  brokers_[node.id] = std::move(node);
}

PartitionMetadata* MetadataCache::find(const TopicPartition& partition) {
  const auto topic = topics_.find(partition.topic);
  const auto index = static_cast<std::size_t>(partition.partition.value());
  if (topic == topics_.end() || index >= topic->second.partitions.size()) return nullptr;
  return &topic->second.partitions[index];
}

void MetadataCache::note_leader(const TopicPartition& partition, PartitionLeader leader) {
  PartitionMetadata* const known = find(partition);
  if (known == nullptr || leader.epoch < known->leader_epoch) return;
  *known = {leader.broker, leader.epoch};
}

bool MetadataCache::note_leader_after(const PartitionLeader& asked, const TopicPartition& partition,
                                      PartitionLeader leader) {
  if (leader.broker == kNoBroker) return false;
  note_leader(partition, leader);
  const auto now = this->leader(partition);
  return now && (now->broker != asked.broker || now->epoch > asked.epoch);
}

void MetadataCache::forget_leader(const TopicPartition& partition) {
  if (PartitionMetadata* const known = find(partition)) known->leader = kNoBroker;
}

const BrokerNode* MetadataCache::broker(BrokerId id) const {
  const auto entry = brokers_.find(id);
  return entry == brokers_.end() ? nullptr : &entry->second;
}

const TopicMetadata* MetadataCache::topic(std::string_view name) const {
  const auto entry = topics_.find(name);
  return entry == topics_.end() ? nullptr : &entry->second;
}

std::optional<PartitionLeader> MetadataCache::leader(const TopicPartition& partition) const {
  const TopicMetadata* const known = topic(partition.topic);
  const auto index = static_cast<std::size_t>(partition.partition.value());
  if (known == nullptr || index >= known->partitions.size()) return std::nullopt;
  const PartitionMetadata& found = known->partitions[index];
  if (found.leader == kNoBroker || broker(found.leader) == nullptr) return std::nullopt;
  return PartitionLeader{found.leader, found.leader_epoch};
}

}  // namespace millrace::client
