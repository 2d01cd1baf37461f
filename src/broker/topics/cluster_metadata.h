// ClusterMetadata: topics and producer ids, as the metadata log has them, with their open logs.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/random.h"
#include "broker/nodes/nodes.h"
#include "broker/producer_ids.h"
#include "broker/topics/metadata_image.h"
#include "broker/topics/metadata_log.h"
#include "broker/topics/settings_catalogue.h"
#include "broker/topics/topic_catalogue.h"
#include "io/env.h"
#include "storage/data_directory.h"

namespace millrace::broker {

/// Invariants
///   A change is in the metadata log before anybody sees it.
///   Changes hold the writer's lock; under it, and nowhere else, further locks are taken: the
///   table's, that of the producer ids and a closing partition's, which take none themselves.
class ClusterMetadata final : public TopicCatalogue, public SettingsCatalogue, public ProducerIds {
 public:
  /// Ids are written down in blocks of so many; a restart skips what is left of one.
  static constexpr std::int64_t kProducerIdBlock = 1000;

  /// Replays the metadata log and opens the log of every partition. Where the disk does not take
  /// the new leader epochs, they are owed: see settle().
  /// env, config, nodes, directory  outlive this
  /// errors  those of the logs
  static Result<std::unique_ptr<ClusterMetadata>> open(io::Env& env, const BrokerConfig& config,
                                                       const Nodes& nodes,
                                                       storage::DataDirectory& directory,
                                                       Durability durability);

  std::shared_ptr<const TopicTable> table() const override;
  Result<std::shared_ptr<const Topic>> create(const NewTopic& topic) override;
  Result<std::shared_ptr<const Topic>> find_or_create(const NewTopic& topic) override;
  Status add_partitions(std::string_view name, std::int32_t count,
                        const std::vector<std::vector<BrokerId>>& assignments) override;
  Status remove(std::string_view name) override;
  Status keep_log_starts() override;
  void refill() override;
  Status replace_placements(const PlacementChange& change) override;
  Offset metadata_end() const override;
  std::shared_ptr<const SettingsInForce> settings() const override;
  Status change(const Plan& plan, Really really) override;
  Result<ProducerId> next() override;

  /// Called after a topic was removed, with no lock held. Set before the first request.
  void on_removed(std::function<void(const Topic&)> callback) { on_removed_ = std::move(callback); }

  /// Called after settings() has changed, with no lock held. Set before the first request.
  void on_settings(std::function<void()> callback) { on_settings_ = std::move(callback); }

  /// Whether the disk did not take what the start had to write. Until it does, everything can be
  /// read, and nothing is appended or changed.       thread  any
  bool owes() const { return owes_; }
  /// Writes it, and lets partitions be appended to.
  /// errors  KAFKA_STORAGE_ERROR: it is owed still      thread  any
  Status settle();

  /// Does what must not run beside the making and deleting of topics.   thread  any
  Status while_no_topic_changes(const std::function<Status(const TopicTable&)>& work) const;

  /// Writes down where the logs begin, and up to where they are on disk.
  /// errors  kIo, kDiskFull      thread  any
  Status write_checkpoints();
  /// Closes every log. Nothing may follow.
  /// errors  the first one; the rest is closed all the same
  Status close();

 private:
  struct Writer {
    MetadataImage image;
    MetadataLog log;
    Random random;
    MetadataImage::Records owed;  // the image has them, the log does not
  };
  /// Producer ids that are in the log and were not given out: [next, end).
  struct Reserve {
    std::int64_t next = 0;
    std::int64_t end = 0;
    bool is_being_refilled = false;
    bool disk_refuses = false;  // the last try failed

    bool is_low() const { return end - next < kProducerIdBlock / 2; }
  };

  ClusterMetadata(io::Env& env, const BrokerConfig& config, const Nodes& nodes,
                  storage::DataDirectory& directory, Durability durability,
                  std::unique_ptr<Guarded<Writer>> writer);

  Status write(Writer& writer, const MetadataImage::Records& records);
  Status append(Writer& writer, const MetadataImage::Records& records);
  Status write_new_epochs(Writer& writer);
  Status settle(Writer& writer);
  Status reserve_producer_ids(Writer& writer);
  void shorten_log(Writer& writer);
  Status replace_records(Writer& writer);
  Result<std::shared_ptr<const Topic>> create(Writer& writer, const NewTopic& topic);
  /// Puts away folders of partitions [first, end) that are not there, left by an earlier topic of
  /// that name, or by a change that did not end.
  Status clear_folders(Writer& writer, std::string_view topic, std::size_t first, std::size_t end);
  /// Opens the logs of a topic that the image has.
  Result<std::shared_ptr<const Topic>> open_topic(const TopicImage& topic);
  /// The topic, without its partitions.
  static std::shared_ptr<Topic> topic_of(const TopicImage& image, const storage::LogConfig& config);
  Result<std::shared_ptr<Partition>> open_partition(const TopicImage& topic, std::size_t index,
                                                    const storage::LogConfig& config);
  Status open_more(const MetadataImage& image, Topic& topic,
                   const std::vector<Placement>& placements);
  void give_up_partitions(Writer& writer, const Topic& topic, std::size_t first);
  /// Lets topics and settings be as the image says, once those records are in it.
  void put_into_force(const MetadataImage& image, const MetadataImage::Records& records);
  void publish_settings(const MetadataImage& image);
  /// Learns what there is, and settles what has to be written before a log is opened.
  Status read_all(Writer& writer);
  /// Opens the logs of all topics. No lock is held: several threads do it.
  Status open_all(const std::vector<TopicImage>& images);
  std::vector<Placement> placements_of(const Writer& writer, const NewTopic& topic) const;
  Status settle_folders(Writer& writer);
  Status check_log_is_theirs(const Writer& writer,
                             const std::vector<TopicPartition>& folders) const;
  Status stand_in_for_missing(const MetadataImage& image,
                              const std::vector<TopicPartition>& folders);
  void publish(TopicTable table);

  io::Env& env_;
  const BrokerConfig& config_;
  const Nodes& nodes_;
  storage::DataDirectory& directory_;
  const Durability durability_;
  std::function<void(const Topic&)> on_removed_;
  std::function<void()> on_settings_;
  std::unique_ptr<Guarded<Writer>> writer_;
  std::atomic<bool> owes_ = false;  // writer_ has something owed
  Guarded<Reserve> producer_ids_;
  Guarded<std::shared_ptr<const TopicTable>> table_;
  Guarded<std::shared_ptr<const SettingsInForce>> settings_;
};

}  // namespace millrace::broker
