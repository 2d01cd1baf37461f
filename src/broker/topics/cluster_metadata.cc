#include "broker/topics/cluster_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "broker/topics/topic_rules.h"
#include "wire/error_codes.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;
using wire::make_error;

/// Beside twice as many as are needed.
constexpr std::int64_t kRecordsKept = 1000;

TopicPartition partition_name(std::string_view topic, std::size_t index) {
  return {std::string(topic), PartitionId{static_cast<std::int32_t>(index)}};
}

}  // namespace

ClusterMetadata::ClusterMetadata(io::Env& env, const BrokerConfig& config, const Nodes& nodes,
                                 storage::DataDirectory& directory, Durability durability,
                                 std::unique_ptr<Guarded<Writer>> writer)
    : env_(env),
      config_(config),
      nodes_(nodes),
      directory_(directory),
      durability_(durability),
      writer_(std::move(writer)),
      table_(std::make_shared<const TopicTable>()),
      settings_(std::make_shared<const SettingsInForce>(
          settings_in_force({}, config, directory.node_id()))) {}

Result<std::unique_ptr<ClusterMetadata>> ClusterMetadata::open(io::Env& env,
                                                               const BrokerConfig& config,
                                                               const Nodes& nodes,
                                                               storage::DataDirectory& directory,
                                                               Durability durability) {
  auto log = MetadataLog::open(env.files(), directory, env.clock().wall());
  if (!log.ok()) return std::move(log).error();
  auto writer = std::make_unique<Guarded<Writer>>(
      Writer{.image = {}, .log = std::move(log).value(), .random = env.make_random(), .owed = {}});
  std::unique_ptr<ClusterMetadata> metadata(
      new ClusterMetadata(env, config, nodes, directory, durability, std::move(writer)));
  std::vector<TopicImage> topics;
  auto status = metadata->writer_->with([&](Writer& state) {
    Status read = metadata->read_all(state);
    for (const auto& [name, image] : state.image.topics()) topics.push_back(image);
    return read;
  });
  if (status.ok()) status = metadata->open_all(topics);
  if (!status.ok()) return std::move(status).error();
  return metadata;
}

Status ClusterMetadata::read_all(Writer& writer) {
  auto status =
      writer.log.replay([&](const wire::MetadataRecord& record) { writer.image.apply(record); });
  if (!status.ok()) {
    const TopicPartition log{std::string(kMetadataTopic), PartitionId{0}};
    return Error{
        status.error().code,
        fmt::format("{}: {}; restore this folder, or choose an empty directory with --data",
                    directory_.log_path(log), status.error().message)};
  }
  producer_ids_.with([&](Reserve& ids) { ids.next = ids.end = writer.image.next_producer_id(); });
  if (status = settle_folders(writer); !status.ok()) return status;
  publish_settings(writer.image);

  return write_new_epochs(writer);
}

/// Under which epochs, and on which nodes, this start goes on.
Status ClusterMetadata::write_new_epochs(Writer& writer) {
  MetadataImage::Records records;
  const auto add = [&](MetadataImage::Records more) {
    writer.image.apply_all(more);
    records.insert(records.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
  };
  // After an unclean stop the ends of logs may be lost: a new epoch lets clients notice.
  if (directory_.previous_stop() == storage::PreviousStop::kUnclean)
    add(writer.image.bump_leader_epochs());
  // All nodes run at the start, whatever they did before, and there may be other ones.
  const Running running = nodes_.running();
  add(writer.image.replace_placements(
      [&](const Placement& placement) { return settled_on(placement, running); }));

  const Status status = append(writer, records);
  if (status.ok()) {
    shorten_log(writer);
    return {};
  }
  // One that a sync has failed takes nothing until the next start, whatever is made free.
  if (auto usable = writer.log.log().check_usable(); !usable.ok()) return status;
  LOG_ERROR(
      "the metadata log cannot be written: everything can be read, appends and changes are refused "
      "until there is room on its disk",
      {{"directory", writer.log.log().directory()}, {"reason", status.error().message}});
  writer.owed = std::move(records);
  owes_ = true;
  return {};
}

Status ClusterMetadata::settle() {
  return writer_->with([&](Writer& writer) { return settle(writer); });
}

Status ClusterMetadata::settle(Writer& writer) {
  if (writer.owed.empty()) return {};
  if (auto status = append(writer, writer.owed); !status.ok()) return status;
  writer.owed.clear();
  owes_ = false;
  for (const auto& [name, topic] : table()->by_name()) {
    for (const auto& partition : topic->partitions)
      partition->note_epoch(Partition::EpochIs::kWrittenDown);
  }
  LOG_INFO("the metadata log is written again", {{"directory", writer.log.log().directory()}});
  return {};
}

/// Puts away the folders that belong to no topic, and says which ones are missing.
Status ClusterMetadata::settle_folders(Writer& writer) {
  const MetadataImage& image = writer.image;
  const auto folders = directory_.list_logs();
  if (!folders.ok()) return folders.error();
  if (auto status = check_log_is_theirs(writer, *folders); !status.ok()) return status;
  if (auto status = stand_in_for_missing(image, *folders); !status.ok()) return status;
  for (const auto& folder : *folders) {
    if (folder.topic == kMetadataTopic || image.find(folder.topic) != nullptr) continue;
    const std::string path = directory_.log_path(folder);
    if (image.removed_names().contains(folder.topic)) {
      auto status = directory_.retire_log(folder, Uuid::random(writer.random));
      if (!status.ok()) return status;
      continue;
    }
    // Nobody remembers this topic: its bytes are put aside, not thrown away.
    LOG_WARN("put a folder aside that belongs to no topic", {{"folder", path}});
    if (auto status = env_.files().rename(path, path + ".stray"); !status.ok()) return status;
  }
  return {};
}

/// A metadata log that holds nothing beside folders with records is not the one that they were made
/// by: taking it would put all topics aside.
Status ClusterMetadata::check_log_is_theirs(const Writer& writer,
                                            const std::vector<TopicPartition>& folders) const {
  if (directory_.is_new() || writer.log.log().log_end_offset() > Offset{0}) return {};
  for (const auto& folder : folders) {
    if (folder.topic == kMetadataTopic) continue;
    const std::string path = directory_.log_path(folder);
    const auto entries = env_.files().list(path);
    if (!entries.ok()) return entries.error();
    const bool has_log = std::any_of(entries->begin(), entries->end(), [](const auto& entry) {
      return std::string_view(entry.name).ends_with(".log");
    });
    if (!has_log) continue;
    return Error{
        ErrorCode::kCorrupt,
        fmt::format("wanted the metadata log that the topics' folders were made by, found an empty "
                    "one in {} beside {}; restore it, move the folders away to begin anew, or "
                    "choose another directory with --data",
                    directory_.log_path({std::string(kMetadataTopic), PartitionId{0}}), path)};
  }
  return {};
}

/// A power cut may take the folder of a topic that nobody was told of; a clean stop leaves all, and
/// what it says of one that is gone is true of this topic, not of an earlier one of its name: in an
/// empty folder the log keeps its offsets.
Status ClusterMetadata::stand_in_for_missing(const MetadataImage& image,
                                             const std::vector<TopicPartition>& folders) {
  if (directory_.previous_stop() == storage::PreviousStop::kUnclean) return {};
  bool has_made = false;
  for (const auto& [topic, of_topic] : image.topics()) {
    for (std::size_t index = 0; index < of_topic.partitions.size(); ++index) {
      const auto name = partition_name(topic, index);
      if (std::binary_search(folders.begin(), folders.end(), name)) continue;
      LOG_ERROR(
          "the folder of a partition is gone: stop the broker and restore it to have its records "
          "back",
          {{"topic", topic},
           {"partition", index},
           {"folder", directory_.log_path(name)},
           {"ended_at", directory_.recovery_point(name).value_or(kNoOffset)}});
      auto status = env_.files().create_directories(directory_.log_path(name));
      if (!status.ok()) return status;
      has_made = true;
    }
  }
  return has_made ? directory_.sync_names() : Status{};
}

Status ClusterMetadata::append(Writer& writer, const MetadataImage::Records& records) {
  return writer.log.append(records, env_.clock().wall());
}

Status ClusterMetadata::write(Writer& writer, const MetadataImage::Records& records) {
  if (auto status = settle(writer); !status.ok()) return status;
  if (auto status = append(writer, records); !status.ok()) return status;
  writer.image.apply_all(records);
  shorten_log(writer);
  return {};
}

/// Where the log says in many records what few would say: so it does not grow for ever.
void ClusterMetadata::shorten_log(Writer& writer) {
  const auto wanted = writer.image.record_count();
  if (!wanted) return;
  const std::int64_t allowed = kRecordsKept + 2 * static_cast<std::int64_t>(*wanted);
  if (writer.log.record_count() <= allowed) return;
  if (Status status = replace_records(writer); !status.ok())
    LOG_WARN("could not shorten the metadata log", {{"reason", status.error().to_string()}});
}

Status ClusterMetadata::replace_records(Writer& writer) {
  // Names of deleted topics are kept as long as a folder bears them, or might after a power cut.
  if (Status status = directory_.sync_names(); !status.ok()) return status;
  const auto folders = directory_.list_logs();
  if (!folders.ok()) return folders.error();
  writer.image.forget_removed([&](std::string_view name) {
    return std::any_of(folders->begin(), folders->end(),
                       [&](const TopicPartition& folder) { return folder.topic == name; });
  });
  return writer.log.replace_all(writer.image.all_records(directory_.node_id(), writer.random),
                                env_.clock().wall());
}

void ClusterMetadata::publish(TopicTable table) {
  auto next = std::make_shared<const TopicTable>(std::move(table));
  table_.with([&](auto& current) { current.swap(next); });
}

std::shared_ptr<const TopicTable> ClusterMetadata::table() const {
  return table_.with([](const auto& current) { return current; });
}

Result<std::shared_ptr<const Topic>> ClusterMetadata::create(const NewTopic& topic) {
  return writer_->with([&](Writer& writer) -> Result<std::shared_ptr<const Topic>> {
    if (table()->find(topic.name) != nullptr)
      return make_error(KafkaError::kTopicAlreadyExists,
                        fmt::format("topic '{}' exists", topic.name));
    return create(writer, topic);
  });
}

Result<std::shared_ptr<const Topic>> ClusterMetadata::find_or_create(const NewTopic& topic) {
  return writer_->with([&](Writer& writer) -> Result<std::shared_ptr<const Topic>> {
    const auto current = table();
    const auto found = current->by_name().find(topic.name);
    if (found != current->by_name().end()) return found->second;
    return create(writer, topic);
  });
}

Result<std::shared_ptr<const Topic>> ClusterMetadata::create(Writer& writer,
                                                             const NewTopic& topic) {
  const auto current = table();
  if (const auto other = find_collision(*current, topic.name))
    return make_error(
        KafkaError::kInvalidTopicException,
        fmt::format("topic '{}' collides with '{}': '.' and '_' count as one", topic.name, *other));
  const auto count = static_cast<std::size_t>(topic.partition_count);
  auto status = clear_folders(writer, topic.name, 0, count);
  if (!status.ok()) return std::move(status).error();

  const auto id = Uuid::random(writer.random);
  status = write(writer, MetadataImage::create_topic(topic, id, placements_of(writer, topic)));
  if (!status.ok()) return std::move(status).error();
  auto made = open_topic(*writer.image.find(topic.name));
  if (!made.ok()) {
    auto undone = write(writer, writer.image.remove_topic(topic.name));
    if (!undone.ok()) LOG_ERROR("could not take back a topic", {{"topic", topic.name}});
    return made;
  }
  publish(current->with(*made));
  return made;
}

/// Each topic begins its round one node further, so that topics of one partition are spread too.
std::vector<Placement> ClusterMetadata::placements_of(const Writer& writer,
                                                      const NewTopic& topic) const {
  const auto all = nodes_.list();
  if (!topic.assignments.empty()) {
    const Running running = nodes_.running();
    std::vector<Placement> placements;
    for (const auto& replicas : topic.assignments)
      placements.push_back(place_on(replicas, running));
    return placements;
  }
  NodeList running;
  std::copy_if(all->begin(), all->end(), std::back_inserter(running),
               [](const Node& node) { return node.is_running; });
  const auto most = static_cast<std::int16_t>(running.size());
  return place_round(running, topic.partition_count, std::min(topic.replication_factor, most),
                     writer.image.topics().size());
}

Status ClusterMetadata::replace_placements(const PlacementChange& change) {
  return writer_->with([&](Writer& writer) -> Status {
    const auto current = table();
    std::vector<std::pair<Partition*, Placement>> changed;
    MetadataImage::Records records;
    for (const auto& [name, topic] : current->by_name()) {
      for (std::size_t index = 0; index < topic->partitions.size(); ++index) {
        Partition* const partition = topic->partitions[index].get();
        auto next = change(partition->name(), partition->placement());
        if (!next) continue;
        records.push_back(
            MetadataImage::placed(topic->id, static_cast<std::int32_t>(index), *next));
        changed.emplace_back(partition, *std::move(next));
      }
    }
    if (auto status = write(writer, records); !status.ok()) return status;
    for (auto& [partition, placement] : changed) partition->place(std::move(placement));
    return {};
  });
}

Offset ClusterMetadata::metadata_end() const {
  return writer_->with([](const Writer& writer) { return writer.log.log().log_end_offset(); });
}

Status ClusterMetadata::clear_folders(Writer& writer, std::string_view topic, std::size_t first,
                                      std::size_t end) {
  for (std::size_t index = first; index < end; ++index) {
    const auto name = partition_name(topic, index);
    const auto exists = env_.files().exists(directory_.log_path(name));
    if (exists.ok() && !*exists) continue;
    auto status = directory_.retire_log(name, Uuid::random(writer.random));
    if (status.ok()) status = directory_.sync_names();
    if (!status.ok()) return status;
  }
  return {};
}

Status ClusterMetadata::remove(std::string_view name) {
  std::shared_ptr<const Topic> removed;
  auto status = writer_->with([&](Writer& writer) -> Status {
    const auto current = table();
    const auto found = current->by_name().find(name);
    if (found == current->by_name().end())
      return make_error(KafkaError::kUnknownTopicOrPartition,
                        fmt::format("there is no topic '{}'", name));
    removed = found->second;
    if (auto written = write(writer, writer.image.remove_topic(name)); !written.ok())
      return written;
    publish(current->without(name));
    for (const auto& partition : removed->partitions) {
      if (auto gone = partition->remove(Uuid::random(writer.random)); !gone.ok())
        LOG_WARN("could not remove a log",
                 {{"partition", partition->name()}, {"reason", gone.error().to_string()}});
    }
    // Before a topic of this name is made again: its folders must not come back as that one's.
    if (auto synced = directory_.sync_names(); !synced.ok())
      LOG_WARN("could not make the removal of a topic durable",
               {{"topic", name}, {"reason", synced.error().to_string()}});
    return {};
  });
  if (status.ok() && on_removed_) on_removed_(*removed);
  return status;
}

Status ClusterMetadata::keep_log_starts() {
  // Else what is written could speak of a topic that was deleted meanwhile, to the next one of its
  // name.
  return while_no_topic_changes([this](const TopicTable& table) {
    storage::DataDirectory::Offsets starts;
    for (const auto& [name, topic] : table.by_name()) {
      for (const auto& partition : topic->partitions)
        starts[partition->name()] = partition->log().log_start_offset();
    }
    return directory_.write_log_start_offsets(starts);
  });
}

Status ClusterMetadata::write_checkpoints() {
  auto status = writer_->with([&](const Writer& writer) {
    storage::DataDirectory::Offsets points;
    for (const auto& [name, topic] : table()->by_name()) {
      for (const auto& partition : topic->partitions)
        points[partition->name()] = partition->log().recovery_point();
    }
    points[{std::string(kMetadataTopic), PartitionId{0}}] = writer.log.log().recovery_point();
    return directory_.write_recovery_points(points);
  });
  return status.ok() ? keep_log_starts() : status;
}

Status ClusterMetadata::reserve_producer_ids(Writer& writer) {
  // Whoever held the lock before may have written them down.
  if (!producer_ids_.with([](const Reserve& ids) { return ids.is_low(); })) return {};
  auto status =
      write(writer, writer.image.reserve_producer_ids(kProducerIdBlock, directory_.node_id()));
  if (!status.ok()) return status;
  producer_ids_.with([&](Reserve& ids) { ids.end = writer.image.next_producer_id(); });
  return {};
}

void ClusterMetadata::refill() {
  const bool must_write = producer_ids_.with([](Reserve& ids) {
    const bool others_do = ids.is_being_refilled && ids.next < ids.end;
    if (!ids.is_low() || others_do) return false;
    ids.is_being_refilled = true;
    return true;
  });
  if (!must_write) return;
  const Status status = writer_->with([&](Writer& writer) { return reserve_producer_ids(writer); });
  // Said once, and not to everybody who asks meanwhile.
  const bool refuses_still = producer_ids_.with([&](Reserve& ids) {
    ids.is_being_refilled = false;
    return std::exchange(ids.disk_refuses, !status.ok());
  });
  if (!status.ok() && !refuses_still)
    LOG_WARN("no further producer ids could be written down", {{"reason", status.error().message}});
}

Result<ProducerId> ClusterMetadata::next() {
  return producer_ids_.with([](Reserve& ids) -> Result<ProducerId> {
    if (ids.next == ids.end)
      return make_error(KafkaError::kCoordinatorNotAvailable,
                        "no producer id is left that was written down");
    return ProducerId{ids.next++};
  });
}

Status ClusterMetadata::while_no_topic_changes(
    const std::function<Status(const TopicTable&)>& work) const {
  return writer_->with([&](Writer&) { return work(*table()); });
}

}  // namespace millrace::broker
