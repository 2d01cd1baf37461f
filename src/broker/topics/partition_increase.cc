// More partitions for a topic that is there: how a ClusterMetadata makes them.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/log.h"
#include "broker/topics/cluster_metadata.h"
#include "broker/topics/topic_rules.h"
#include "wire/error_codes.h"

namespace millrace::broker {

Status ClusterMetadata::add_partitions(std::string_view name, std::int32_t count,
                                       const std::vector<std::vector<BrokerId>>& assignments) {
  return writer_->with([&](Writer& writer) -> Status {
    const auto current = table();
    const Topic* const topic = current->find(name);
    if (topic == nullptr)
      return wire::make_error(wire::KafkaError::kUnknownTopicOrPartition,
                              fmt::format("there is no topic '{}'", name));
    if (auto status = check_partition_increase(*topic, count, config_); !status.ok()) return status;
    const std::size_t had = topic->partitions.size();
    const auto wanted = static_cast<std::size_t>(count);
    if (auto status = clear_folders(writer, name, had, wanted); !status.ok()) return status;

    // Like a topic of as many partitions as are new, with as many replicas as the others have.
    const NewTopic more{.name = topic->name,
                        .partition_count = count - static_cast<std::int32_t>(had),
                        .replication_factor = static_cast<std::int16_t>(
                            topic->partitions.front()->placement().replicas.size()),
                        .assignments = assignments};
    const auto placements = placements_of(writer, more);
    auto grown = std::make_shared<Topic>(*topic);
    // Opened before they are written down: what cannot be opened is then not there.
    if (auto status = open_more(writer.image, *grown, placements); !status.ok()) {
      give_up_partitions(writer, *grown, had);
      return status;
    }
    auto written = write(writer, writer.image.add_partitions(name, placements));
    if (!written.ok()) {
      give_up_partitions(writer, *grown, had);
      return written;
    }
    publish(current->with(std::move(grown)));
    return {};
  });
}

/// Opens logs for the partitions that the topic lacks.
Status ClusterMetadata::open_more(const MetadataImage& image, Topic& topic,
                                  const std::vector<Placement>& placements) {
  TopicImage grown = *image.find(topic.name);
  grown.partitions.insert(grown.partitions.end(), placements.begin(), placements.end());
  const auto log_config = log_config_of(topic.configs, settings()->topic_defaults);
  if (!log_config.ok()) return log_config.error();
  while (topic.partitions.size() < grown.partitions.size()) {
    auto partition = open_partition(grown, topic.partitions.size(), *log_config);
    if (!partition.ok()) return std::move(partition).error();
    topic.partitions.push_back(std::move(partition).value());
  }
  return {};
}

/// Takes back what nobody was told of.
void ClusterMetadata::give_up_partitions(Writer& writer, const Topic& topic, std::size_t first) {
  for (std::size_t index = first; index < topic.partitions.size(); ++index) {
    const auto& partition = topic.partitions[index];
    if (auto gone = partition->remove(Uuid::random(writer.random)); !gone.ok())
      LOG_WARN("could not remove a log",
               {{"partition", partition->name()}, {"reason", gone.error().to_string()}});
  }
}

}  // namespace millrace::broker
