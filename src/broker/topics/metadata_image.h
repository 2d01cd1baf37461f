// MetadataImage: what the metadata log says, record after record. Pure: no files, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "broker/topics/cluster_settings.h"
#include "broker/topics/config_resource.h"
#include "broker/topics/placement.h"
#include "broker/topics/topic_catalogue.h"
#include "model/ids.h"
#include "model/uuid.h"
#include "wire/metadata_records.h"

namespace millrace::broker {

struct TopicImage {
  std::string name;
  Uuid id;
  TopicConfigs configs;
  /// Index = partition id.
  std::vector<Placement> partitions;
};

class MetadataImage {
 public:
  using Records = std::vector<wire::MetadataRecord>;
  using Topics = std::map<std::string, TopicImage, std::less<>>;

  /// Records about what is not there are passed over, as a replay may start anywhere.
  void apply(const wire::MetadataRecord& record);
  void apply_all(const Records& records) {
    for (const auto& record : records) apply(record);
  }

  const Topics& topics() const { return topics_; }
  /// Null when there is none.
  const TopicImage* find(std::string_view name) const;
  /// Names that were deleted and not made again: folders that still bear them are rubbish.
  const std::set<std::string, std::less<>>& removed_names() const { return removed_names_; }
  const ClusterSettings& settings() const { return settings_; }
  /// The first producer id that nobody was given.
  std::int64_t next_producer_id() const { return next_producer_id_; }

  // What to write for each change. The image changes when the records are applied.
  static Records create_topic(const NewTopic& topic, const Uuid& id,
                              const std::vector<Placement>& placements);
  /// More partitions for a topic that there is, behind those it has.
  Records add_partitions(std::string_view topic, const std::vector<Placement>& placements) const;
  Records remove_topic(std::string_view name) const;
  /// Every partition under a new leader epoch: what was promised under the old one may be gone.
  Records bump_leader_epochs() const;
  /// What `change` makes of the partitions' placements; nothing for those that it leaves.
  using Change = std::function<std::optional<Placement>(const Placement&)>;
  Records replace_placements(const Change& change) const;
  static wire::MetadataRecord placed(const Uuid& topic, std::int32_t partition,
                                     const Placement& placement);
  Records reserve_producer_ids(std::int64_t count, BrokerId node) const;
  /// What makes `after` of `before`, which is set of that resource.
  static Records change_configs(const ConfigResource& resource, const ConfigOverrides& before,
                                const ConfigOverrides& after);
  /// What makes `after` of `before`, which are the quotas of that entity.
  static Records change_quotas(const QuotaEntity& entity, const QuotaValues& before,
                               const QuotaValues& after);

  // What takes the place of all records so far.
  /// About how many records that are. Nothing where a record was not understood: what it says would
  /// be lost.
  std::optional<std::size_t> record_count() const;
  /// One that applies them, whatever it held, holds the same.
  Records all_records(BrokerId node, Random& random) const;
  /// Forgets the deleted names that `is_rubbish` does not hold for any more.
  void forget_removed(const std::function<bool(std::string_view name)>& is_rubbish);

 private:
  void apply_one(const wire::TopicRecord& record);
  void apply_one(const wire::PartitionRecord& record);
  void apply_one(const wire::ConfigRecord& record);
  void apply_one(const wire::RemoveTopicRecord& record);
  void apply_one(const wire::FeatureLevelRecord& record);
  void apply_one(const wire::ClientQuotaRecord& record);
  void apply_one(const wire::ProducerIdsRecord& record);
  void apply_one(const wire::UnknownMetadataRecord&) { has_unknown_ = true; }

  TopicImage* find(const Uuid& id);
  /// What makes the settings of none.
  void append_settings(Records& records) const;

  Topics topics_;
  std::map<Uuid, std::string> names_;
  std::set<std::string, std::less<>> removed_names_;
  ClusterSettings settings_;
  std::int64_t next_producer_id_ = 0;
  bool has_unknown_ = false;
};

}  // namespace millrace::broker
