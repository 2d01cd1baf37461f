#include "broker/topics/metadata_image.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace millrace::broker {

namespace {

constexpr std::int8_t kTopicResource = 2;
/// A bound on what a damaged record can make this process allocate.
constexpr std::int32_t kPartitionIndexMax = 1'000'000;

std::vector<std::int32_t> recorded(const std::vector<BrokerId>& nodes) {
  std::vector<std::int32_t> numbers;
  numbers.reserve(nodes.size());
  for (const BrokerId node : nodes) numbers.push_back(node.value());
  return numbers;
}

std::vector<BrokerId> replicas_of(const std::vector<std::int32_t>& numbers) {
  std::vector<BrokerId> nodes;
  nodes.reserve(numbers.size());
  for (const std::int32_t number : numbers) nodes.emplace_back(number);
  return nodes;
}

wire::PartitionRecord partition_record(const Uuid& topic, std::int32_t index,
                                       const Placement& placement) {
  wire::PartitionRecord record;
  record.partition_id = index;
  record.topic_id = topic;
  record.replicas = recorded(placement.replicas);
  record.isr = recorded(placement.in_sync);
  record.leader = placement.leadership.leader.value();
  record.leader_epoch = placement.leadership.epoch.value();
  record.partition_epoch = placement.version;
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
  topic->partitions[index] = {
      .leadership = {BrokerId{record.leader}, LeaderEpoch{std::max(record.leader_epoch, 0)}},
      .replicas = replicas_of(record.replicas),
      .in_sync = replicas_of(record.isr),
      .version = std::max(record.partition_epoch, 0)};
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
                                                   const std::vector<Placement>& placements) {
  Records records;
  records.emplace_back(wire::TopicRecord{topic.name, id});
  for (const auto& [name, value] : topic.configs)
    records.emplace_back(wire::ConfigRecord{kTopicResource, topic.name, name, value});
  for (std::size_t index = 0; index < placements.size(); ++index)
    records.emplace_back(partition_record(id, static_cast<std::int32_t>(index), placements[index]));
  return records;
}

MetadataImage::Records MetadataImage::remove_topic(std::string_view name) const {
  Records records;
  if (const TopicImage* const topic = find(name); topic != nullptr)
    records.emplace_back(wire::RemoveTopicRecord{topic->id});
  return records;
}

MetadataImage::Records MetadataImage::bump_leader_epochs() const {
  return replace_placements([](const Placement& placement) {
    Placement next = placement;
    next.leadership.epoch = LeaderEpoch{placement.leadership.epoch.value() + 1};
    ++next.version;
    return next;
  });
}

MetadataImage::Records MetadataImage::replace_placements(const Change& change) const {
  Records records;
  for (const auto& [name, topic] : topics_) {
    for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
      if (const auto next = change(topic.partitions[index]))
        records.emplace_back(partition_record(topic.id, static_cast<std::int32_t>(index), *next));
    }
  }
  return records;
}

wire::MetadataRecord MetadataImage::placed(const Uuid& topic, std::int32_t partition,
                                           const Placement& placement) {
  return partition_record(topic, partition, placement);
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
    for (std::size_t index = 0; index < topic.partitions.size(); ++index)
      records.emplace_back(
          partition_record(topic.id, static_cast<std::int32_t>(index), topic.partitions[index]));
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
