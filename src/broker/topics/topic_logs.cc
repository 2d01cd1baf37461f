// The logs of ClusterMetadata's topics: opening and closing them.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "broker/topics/cluster_metadata.h"
#include "broker/topics/log_threads.h"
#include "broker/topics/topic_rules.h"

namespace millrace::broker {

Status ClusterMetadata::open_all(const std::vector<TopicImage>& images) {
  std::vector<storage::LogConfig> log_configs;
  std::vector<std::shared_ptr<Topic>> topics;
  struct Place {
    std::size_t topic, index;
  };
  std::vector<Place> places;
  for (const TopicImage& image : images) {
    auto log_config = log_config_of(image.configs, settings()->topic_defaults);
    if (!log_config.ok()) return std::move(log_config).error().with_context(image.name);
    topics.push_back(topic_of(image, *log_config));
    topics.back()->partitions.resize(image.partitions.size());
    for (std::size_t index = 0; index < image.partitions.size(); ++index)
      places.push_back({log_configs.size(), index});
    log_configs.push_back(std::move(log_config).value());
  }

  const LogThreads threads(env_, config_.recovery_threads, "log-recovery");
  auto status = threads.for_each(places.size(), AfterFailure::kStop, [&](std::size_t i) -> Status {
    const auto [topic, index] = places[i];
    auto partition = open_partition(images[topic], index, log_configs[topic]);
    if (!partition.ok()) return std::move(partition).error().with_context(images[topic].name);
    topics[topic]->partitions[index] = std::move(partition).value();
    return {};
  });
  if (!status.ok()) return status;

  TopicTable table;
  for (auto& topic : topics) table.add(std::move(topic));
  publish(std::move(table));
  return {};
}

Result<std::shared_ptr<const Topic>> ClusterMetadata::open_topic(const TopicImage& image) {
  const auto log_config = log_config_of(image.configs, settings()->topic_defaults);
  if (!log_config.ok()) return log_config.error();

  const auto topic = topic_of(image, *log_config);
  topic->partitions.reserve(image.partitions.size());
  for (std::size_t index = 0; index < image.partitions.size(); ++index) {
    auto partition = open_partition(image, index, *log_config);
    if (!partition.ok()) return std::move(partition).error();
    topic->partitions.push_back(std::move(partition).value());
  }
  return std::shared_ptr<const Topic>(topic);
}

std::shared_ptr<Topic> ClusterMetadata::topic_of(const TopicImage& image,
                                                 const storage::LogConfig& config) {
  auto topic = std::make_shared<Topic>();
  topic->name = image.name;
  topic->id = image.id;
  topic->configs = image.configs;
  topic->min_insync_replicas = static_cast<std::int32_t>(config.min_insync_replicas);
  return topic;
}

Result<std::shared_ptr<Partition>> ClusterMetadata::open_partition(
    const TopicImage& image, std::size_t index, const storage::LogConfig& config) {
  TopicPartition name{image.name, PartitionId{static_cast<std::int32_t>(index)}};
  auto options = directory_.open_options(name, env_.clock().wall());
  if (!options.ok()) return std::move(options).error();
  // Damage in one log is its readers' concern; groups with a part of their records would be wrong
  // without anybody noticing.
  if (!is_internal_topic(image.name)) options->bad_end = storage::BadEnd::kPassOver;
  auto log = storage::PartitionLog::open(env_.files(), directory_.log_path(name), config, *options);
  if (!log.ok()) return std::move(log).error().with_context(fmt::to_string(name));
  const auto& report = log.value()->recovery();
  if (report.lost_tail())
    LOG_WARN("recovered a log that ended in the middle",
             {{"partition", name}, {"truncated_bytes", report.bytes_truncated}});
  Placement placement = image.partitions[index];
  LeaderEpoch& epoch = placement.leadership.epoch;
  epoch = std::max(epoch, log.value()->latest_leader_epoch());
  auto partition = std::make_shared<Partition>(std::move(name), std::move(log).value(),
                                               std::move(placement), durability_);
  if (owes_) partition->note_epoch(Partition::EpochIs::kOwed);
  return partition;
}

Status ClusterMetadata::close() {
  std::vector<Partition*> partitions;
  const auto topics = table();
  for (const auto& [name, topic] : topics->by_name()) {
    for (const auto& partition : topic->partitions) partitions.push_back(partition.get());
  }
  const LogThreads threads(env_, config_.recovery_threads, "log-closing");
  Status first = threads.for_each(partitions.size(), AfterFailure::kGoOn,
                                  [&](std::size_t i) { return partitions[i]->close(); });
  const auto keep_first = [&first](Status status) {
    if (first.ok() && !status.ok()) first = std::move(status);
  };
  writer_->with([&](Writer& writer) {
    // Not clean without it: the next start would not know that epochs have to rise.
    keep_first(settle(writer));
    keep_first(writer.log.close());
  });
  return first;
}

}  // namespace millrace::broker
