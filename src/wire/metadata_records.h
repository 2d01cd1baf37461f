// The records of the metadata log, in the formats of Kafka's KRaft: topics, partitions,
// configuration, features, quotas, producer ids. The value of a record is a frame version, a type,
// a version and the fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/uuid.h"
#include "wire/field.h"
#include "wire/messages/quota_entity_data.h"

namespace millrace::wire {

/// A topic exists.
struct TopicRecord {
  static constexpr std::string_view kName = "TopicRecord";
  static constexpr std::uint32_t kType = 2;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::string name;
  Uuid topic_id;

  bool operator==(const TopicRecord&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&TopicRecord::name, Field{"name"});
    visit(&TopicRecord::topic_id, Field{"topic_id"});
  }
};

/// A partition exists, with its replicas and its leader. v1 adds directories, v2 eligible leaders.
struct PartitionRecord {
  static constexpr std::string_view kName = "PartitionRecord";
  static constexpr std::uint32_t kType = 3;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::int32_t partition_id = -1;
  Uuid topic_id;
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> isr;
  std::vector<std::int32_t> removing_replicas;
  std::vector<std::int32_t> adding_replicas;
  std::int32_t leader = -1;
  std::int8_t leader_recovery_state = 0;
  std::int32_t leader_epoch = -1;
  std::int32_t partition_epoch = -1;
  std::vector<Uuid> directories;
  std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
  std::optional<std::vector<std::int32_t>> last_known_elr;

  bool operator==(const PartitionRecord&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = PartitionRecord;
    visit(&S::partition_id, Field{"partition_id"});
    visit(&S::topic_id, Field{"topic_id"});
    visit(&S::replicas, Field{"replicas"});
    visit(&S::isr, Field{"isr"});
    visit(&S::removing_replicas, Field{"removing_replicas"});
    visit(&S::adding_replicas, Field{"adding_replicas"});
    visit(&S::leader, Field{"leader"});
    visit(&S::leader_recovery_state, Field{"leader_recovery_state"}.tagged(0));
    visit(&S::leader_epoch, Field{"leader_epoch"});
    visit(&S::partition_epoch, Field{"partition_epoch"});
    visit(&S::directories, Field{"directories"}.since(1));
    visit(&S::eligible_leader_replicas,
          Field{"eligible_leader_replicas"}.tagged(1).since(2).nullable());
    visit(&S::last_known_elr, Field{"last_known_elr"}.tagged(2).since(2).nullable());
  }
};

/// One property of a resource (2 topic, 4 broker); a null value deletes it.
struct ConfigRecord {
  static constexpr std::string_view kName = "ConfigRecord";
  static constexpr std::uint32_t kType = 4;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::int8_t resource_type = 0;
  std::string resource_name;
  std::string name;
  std::optional<std::string> value = std::string{};

  bool operator==(const ConfigRecord&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConfigRecord::resource_type, Field{"resource_type"});
    visit(&ConfigRecord::resource_name, Field{"resource_name"});
    visit(&ConfigRecord::name, Field{"name"});
    visit(&ConfigRecord::value, Field{"value"}.nullable());
  }
};

/// A topic and all its partitions are gone.
struct RemoveTopicRecord {
  static constexpr std::string_view kName = "RemoveTopicRecord";
  static constexpr std::uint32_t kType = 9;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  Uuid topic_id;

  bool operator==(const RemoveTopicRecord&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&RemoveTopicRecord::topic_id, Field{"topic_id"});
  }
};

/// Producer ids below `next_producer_id` are handed out or reserved.
struct ProducerIdsRecord {
  static constexpr std::string_view kName = "ProducerIdsRecord";
  static constexpr std::uint32_t kType = 15;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::int32_t broker_id = 0;
  std::int64_t broker_epoch = -1;
  std::int64_t next_producer_id = 0;

  bool operator==(const ProducerIdsRecord&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ProducerIdsRecord::broker_id, Field{"broker_id"});
    visit(&ProducerIdsRecord::broker_epoch, Field{"broker_epoch"});
    visit(&ProducerIdsRecord::next_producer_id, Field{"next_producer_id"});
  }
};

/// Which level of a feature holds from now on; 0 is none.
struct FeatureLevelRecord {
  static constexpr std::string_view kName = "FeatureLevelRecord";
  static constexpr std::uint32_t kType = 12;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::string name;
  std::int16_t feature_level = 0;

  bool operator==(const FeatureLevelRecord&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&FeatureLevelRecord::name, Field{"name"});
    visit(&FeatureLevelRecord::feature_level, Field{"feature_level"});
  }
};

/// A quota of a user, a client id, both of them, or an address; no name stands for whom no other
/// quota names.
struct ClientQuotaRecord {
  static constexpr std::string_view kName = "ClientQuotaRecord";
  static constexpr std::uint32_t kType = 14;
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::vector<QuotaEntityData> entity;
  std::string key;
  double value = 0;
  bool remove = false;

  bool operator==(const ClientQuotaRecord&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ClientQuotaRecord::entity, Field{"entity"});
    visit(&ClientQuotaRecord::key, Field{"key"});
    visit(&ClientQuotaRecord::value, Field{"value"});
    visit(&ClientQuotaRecord::remove, Field{"remove"});
  }
};

/// A type or version that this build does not know; written by a newer one.
struct UnknownMetadataRecord {
  std::uint32_t type = 0;
  std::uint32_t version = 0;

  bool operator==(const UnknownMetadataRecord&) const = default;
};

using MetadataRecord =
    std::variant<TopicRecord, PartitionRecord, ConfigRecord, RemoveTopicRecord, FeatureLevelRecord,
                 ClientQuotaRecord, ProducerIdsRecord, UnknownMetadataRecord>;

/// The bytes of a record's value. PartitionRecord is written in the lowest version that holds it.
/// errors  kTooLarge (a string over 32767 bytes), kInvalidArgument (an UnknownMetadataRecord)
Result<std::string> encode_metadata_record(const MetadataRecord& record);

/// errors  kTruncated, kCorrupt, kUnsupported (another frame version)
Result<MetadataRecord> decode_metadata_record(std::string_view bytes);

}  // namespace millrace::wire
