#include "broker/topics/metadata_image.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace millrace::broker {

namespace {

/// A bound on what a damaged record can make this process allocate.
constexpr std::int32_t kPartitionIndexMax = 1'000'000;

constexpr std::int8_t number_of(ConfigResourceType type) {
  return static_cast<std::int8_t>(type);
}

void apply_to(ConfigOverrides& configs, const wire::ConfigRecord& record) {
  if (record.value.has_value())
    configs[record.name] = *record.value;
  else
    configs.erase(record.name);
}

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
  const auto type = static_cast<ConfigResourceType>(record.resource_type);
  if (type == ConfigResourceType::kTopic) {
    const auto topic = topics_.find(record.resource_name);
    if (topic != topics_.end()) apply_to(topic->second.configs, record);
    return;
  }
  auto* const all = ClusterSettings::of_type(settings_, type);
  if (all == nullptr) return;
  ConfigOverrides& configs = (*all)[record.resource_name];
  apply_to(configs, record);
  if (configs.empty()) all->erase(record.resource_name);
}

void MetadataImage::apply_one(const wire::RemoveTopicRecord& record) {
  const auto name = names_.extract(record.topic_id);
  if (name.empty()) return;
  topics_.erase(name.mapped());
  removed_names_.insert(name.mapped());
}

void MetadataImage::apply_one(const wire::FeatureLevelRecord& record) {
  settings_.features[record.name] = record.feature_level;
  ++settings_.features_epoch;
}

void MetadataImage::apply_one(const wire::ClientQuotaRecord& record) {
  QuotaEntity entity;
  for (const auto& [type, name] : record.entity) entity[type] = name;
  QuotaValues& values = settings_.quotas[entity];
  if (record.remove)
    values.erase(record.key);
  else
    values[record.key] = record.value;
  if (values.empty()) settings_.quotas.erase(entity);
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
    records.emplace_back(
        wire::ConfigRecord{number_of(ConfigResourceType::kTopic), topic.name, name, value});
  for (std::size_t index = 0; index < placements.size(); ++index)
    records.emplace_back(partition_record(id, static_cast<std::int32_t>(index), placements[index]));
  return records;
}

MetadataImage::Records MetadataImage::add_partitions(
    std::string_view topic, const std::vector<Placement>& placements) const {
  Records records;
  const TopicImage* const found = find(topic);
  if (found == nullptr) return records;
  auto index = static_cast<std::int32_t>(found->partitions.size());
  for (const Placement& placement : placements)
    records.emplace_back(partition_record(found->id, index++, placement));
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

MetadataImage::Records MetadataImage::change_configs(const ConfigResource& resource,
                                                     const ConfigOverrides& before,
                                                     const ConfigOverrides& after) {
  Records records;
  const auto say = [&](const std::string& name, std::optional<std::string> value) {
    records.emplace_back(
        wire::ConfigRecord{number_of(resource.type), resource.name, name, std::move(value)});
  };
  for (const auto& [name, value] : after) {
    const auto was = before.find(name);
    if (was == before.end() || was->second != value) say(name, value);
  }
  for (const auto& [name, value] : before) {
    if (!after.contains(name)) say(name, std::nullopt);
  }
  return records;
}

MetadataImage::Records MetadataImage::change_quotas(const QuotaEntity& entity,
                                                    const QuotaValues& before,
                                                    const QuotaValues& after) {
  wire::ClientQuotaRecord record;
  for (const auto& [type, name] : entity) record.entity.push_back({type, name});
  Records records;
  const auto say = [&](const std::string& key, double value, bool remove) {
    record.key = key;
    record.value = value;
    record.remove = remove;
    records.emplace_back(record);
  };
  for (const auto& [key, value] : after) {
    const auto was = before.find(key);
    if (was == before.end() || was->second != value) say(key, value, false);
  }
  for (const auto& [key, value] : before) {
    if (!after.contains(key)) say(key, 0, true);
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
  for (const auto* const all : {&settings_.brokers, &settings_.groups}) {
    for (const auto& [name, configs] : *all) count += configs.size();
  }
  for (const auto& [entity, values] : settings_.quotas) count += values.size();
  return count + static_cast<std::size_t>(settings_.features_epoch);
}

MetadataImage::Records MetadataImage::all_records(BrokerId node, Random& random) const {
  static_assert(std::variant_size_v<wire::MetadataRecord> == 8,
                "what a further sort of record says has to be among these, too");
  Records records;
  for (const auto& [name, topic] : topics_) {
    records.emplace_back(wire::TopicRecord{name, topic.id});
    for (const auto& [config, value] : topic.configs)
      records.emplace_back(
          wire::ConfigRecord{number_of(ConfigResourceType::kTopic), name, config, value});
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
  append_settings(records);
  return records;
}

void MetadataImage::append_settings(Records& records) const {
  const auto append = [&records](Records more) {
    records.insert(records.end(), more.begin(), more.end());
  };
  for (const auto& [name, configs] : settings_.brokers)
    append(change_configs({ConfigResourceType::kBroker, name}, {}, configs));
  for (const auto& [name, configs] : settings_.groups)
    append(change_configs({ConfigResourceType::kGroup, name}, {}, configs));
  for (const auto& [entity, values] : settings_.quotas) append(change_quotas(entity, {}, values));
  // As often as they were set, so that their epoch does not go back.
  for (std::int64_t epoch = 0; epoch < settings_.features_epoch;) {
    for (const auto& [name, level] : settings_.features) {
      records.emplace_back(wire::FeatureLevelRecord{name, level});
      ++epoch;
    }
  }
}

void MetadataImage::forget_removed(const std::function<bool(std::string_view name)>& is_rubbish) {
  std::erase_if(removed_names_, [&](const std::string& name) { return !is_rubbish(name); });
}

}  // namespace millrace::broker
