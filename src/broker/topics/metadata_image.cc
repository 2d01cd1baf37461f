#include "broker/topics/metadata_image.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace millrace::broker {

namespace {

constexpr std::int8_t kTopicResource = 2;
/// A bound on what a damaged record can make this process allocate.
constexpr std::int32_t kPartitionIndexMax = 1'000'000;

wire::PartitionRecord partition_record(const Uuid& topic, std::int32_t index, LeaderEpoch epoch,
                                       BrokerId node) {
  wire::PartitionRecord record;
  record.partition_id = index;
  record.topic_id = topic;
  record.replicas = {node.value()};
  record.isr = {node.value()};
  record.leader = node.value();
  record.leader_epoch = epoch.value();
  record.partition_epoch = epoch.value();
  return record;
}

}  // namespace

void MetadataImage::apply(const wire::MetadataRecord& record) {
  std::visit([this](const auto& each) { apply_one(each); }, record);
}

void MetadataImage::apply_one(const wire::TopicRecord& record) {
  topics_[record.name] = {
      .name = record.name, .id = record.topic_id, .configs = {}, .partitions = {}};
  names_[record.topic_id] = record.name;
  removed_names_.erase(record.name);
}

void MetadataImage::apply_one(const wire::PartitionRecord& record) {
  TopicImage* const topic = find(record.topic_id);
  const bool is_index = record.partition_id >= 0 && record.partition_id <= kPartitionIndexMax;
  if (topic == nullptr || !is_index) return;
  const auto index = static_cast<std::size_t>(record.partition_id);
  if (topic->partitions.size() <= index) topic->partitions.resize(index + 1);
  topic->partitions[index] = {BrokerId{record.leader},
                              LeaderEpoch{std::max(record.leader_epoch, 0)}};
}

void MetadataImage::apply_one(const wire::ConfigRecord& record) {
  if (record.resource_type != kTopicResource) return;
  const auto topic = topics_.find(record.resource_name);
  if (topic == topics_.end()) return;
  if (record.value.has_value())
    topic->second.configs[record.name] = *record.value;
  else
    topic->second.configs.erase(record.name);
}

void MetadataImage::apply_one(const wire::RemoveTopicRecord& record) {
  const auto name = names_.extract(record.topic_id);
  if (name.empty()) return;
  topics_.erase(name.mapped());
  removed_names_.insert(name.mapped());
}

void MetadataImage::apply_one(const wire::ProducerIdsRecord& record) {
  next_producer_id_ = std::max(next_producer_id_, record.next_producer_id);
}

const TopicImage* MetadataImage::find(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

TopicImage* MetadataImage::find(const Uuid& id) {
  const auto name = names_.find(id);
  if (name == names_.end()) return nullptr;
  const auto topic = topics_.find(name->second);
  return topic == topics_.end() ? nullptr : &topic->second;
}

MetadataImage::Records MetadataImage::create_topic(const NewTopic& topic, const Uuid& id,
                                                   BrokerId node) {
  Records records;
  records.emplace_back(wire::TopicRecord{topic.name, id});
  for (const auto& [name, value] : topic.configs)
    records.emplace_back(wire::ConfigRecord{kTopicResource, topic.name, name, value});
  for (std::int32_t index = 0; index < topic.partition_count; ++index)
    records.emplace_back(partition_record(id, index, LeaderEpoch{0}, node));
  return records;
}

MetadataImage::Records MetadataImage::remove_topic(std::string_view name) const {
  Records records;
  if (const TopicImage* const topic = find(name); topic != nullptr)
    records.emplace_back(wire::RemoveTopicRecord{topic->id});
  return records;
}

MetadataImage::Records MetadataImage::bump_leader_epochs(BrokerId node) const {
  Records records;
  for (const auto& [name, topic] : topics_) {
    for (std::size_t index = 0; index < topic.partitions.size(); ++index)
      records.emplace_back(partition_record(topic.id, static_cast<std::int32_t>(index),
                                            LeaderEpoch{topic.partitions[index].epoch.value() + 1},
                                            node));
  }
  return records;
}

MetadataImage::Records MetadataImage::reserve_producer_ids(std::int64_t count,
                                                           BrokerId node) const {
  return {wire::ProducerIdsRecord{node.value(), -1, next_producer_id_ + count}};
}

std::optional<std::size_t> MetadataImage::record_count() const {
  if (has_unknown_) return std::nullopt;
  std::size_t count = 1 + 2 * removed_names_.size();
  for (const auto& [name, topic] : topics_) {
    count += 1 + topic.configs.size() + topic.partitions.size();
  }
  return count;
}

MetadataImage::Records MetadataImage::all_records(BrokerId node, Random& random) const {
  static_assert(std::variant_size_v<wire::MetadataRecord> == 6,
                "what a further sort of record says has to be among these, too");
  Records records;
  for (const auto& [name, topic] : topics_) {
    records.emplace_back(wire::TopicRecord{name, topic.id});
    for (const auto& [config, value] : topic.configs)
      records.emplace_back(wire::ConfigRecord{kTopicResource, name, config, value});
    for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
      const Leadership& leadership = topic.partitions[index];
      records.emplace_back(partition_record(topic.id, static_cast<std::int32_t>(index),
                                            leadership.epoch, leadership.leader));
    }
  }
  for (const auto& name : removed_names_) {
    const Uuid id = Uuid::random(random);
    records.emplace_back(wire::TopicRecord{name, id});
    records.emplace_back(wire::RemoveTopicRecord{id});
  }
  records.emplace_back(wire::ProducerIdsRecord{node.value(), -1, next_producer_id_});
  return records;
}

void MetadataImage::forget_removed(const std::function<bool(std::string_view name)>& is_rubbish) {
  std::erase_if(removed_names_, [&](const std::string& name) { return !is_rubbish(name); });
}

}  // namespace millrace::broker
