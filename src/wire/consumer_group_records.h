// The records of __consumer_offsets that keep consumer groups (KIP-848), in Kafka's formats. A
// key's version is its kind; wire/group_records.h reads the keys of every kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/uuid.h"
#include "wire/field.h"

namespace millrace::wire {

/// A consumer group exists.
struct ConsumerGroupMetadataKey {
  static constexpr std::string_view kName = "ConsumerGroupMetadataKey";
  static constexpr VersionRange kVersions{3, 3};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  std::string group_id;

  bool operator==(const ConsumerGroupMetadataKey&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupMetadataKey::group_id, Field{"group_id"});
  }
};

/// Its epoch, which rises whenever members, subscriptions or topics change; the hash is of the
/// topics that it subscribes to.
struct ConsumerGroupMetadataValue {
  static constexpr std::string_view kName = "ConsumerGroupMetadataValue";
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::int32_t epoch = 0;
  std::int64_t metadata_hash = 0;

  bool operator==(const ConsumerGroupMetadataValue&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupMetadataValue::epoch, Field{"epoch"});
    visit(&ConsumerGroupMetadataValue::metadata_hash, Field{"metadata_hash"}.tagged(0));
  }
};

/// What a group knew of its topics, as brokers before 4.1 wrote it.
struct ConsumerGroupPartitionMetadataKey {
  static constexpr std::string_view kName = "ConsumerGroupPartitionMetadataKey";
  static constexpr VersionRange kVersions{4, 4};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  std::string group_id;

  bool operator==(const ConsumerGroupPartitionMetadataKey&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupPartitionMetadataKey::group_id, Field{"group_id"});
  }
};

struct ConsumerGroupPartitionMetadataValue {
  static constexpr std::string_view kName = "ConsumerGroupPartitionMetadataValue";
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct PartitionMetadata {
    std::int32_t partition = 0;
    std::vector<std::string> racks;

    bool operator==(const PartitionMetadata&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&PartitionMetadata::partition, Field{"partition"});
      visit(&PartitionMetadata::racks, Field{"racks"});
    }
  };

  struct TopicMetadata {
    Uuid topic_id;
    std::string topic_name;
    std::int32_t num_partitions = 0;
    std::vector<PartitionMetadata> partition_metadata;

    bool operator==(const TopicMetadata&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = TopicMetadata;
      visit(&S::topic_id, Field{"topic_id"});
      visit(&S::topic_name, Field{"topic_name"});
      visit(&S::num_partitions, Field{"num_partitions"});
      visit(&S::partition_metadata, Field{"partition_metadata"});
    }
  };

  std::vector<TopicMetadata> topics;

  bool operator==(const ConsumerGroupPartitionMetadataValue&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupPartitionMetadataValue::topics, Field{"topics"});
  }
};

/// What a member said of itself.
struct ConsumerGroupMemberMetadataKey {
  static constexpr std::string_view kName = "ConsumerGroupMemberMetadataKey";
  static constexpr VersionRange kVersions{5, 5};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  std::string group_id;
  std::string member_id;

  bool operator==(const ConsumerGroupMemberMetadataKey&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupMemberMetadataKey::group_id, Field{"group_id"});
    visit(&ConsumerGroupMemberMetadataKey::member_id, Field{"member_id"});
  }
};

/// The classic part is null unless the member speaks the classic protocol. Left out, it is an empty
/// structure: that is Kafka's default.
struct ConsumerGroupMemberMetadataValue {
  static constexpr std::string_view kName = "ConsumerGroupMemberMetadataValue";
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct ClassicProtocol {
    std::string name;
    std::string metadata;

    bool operator==(const ClassicProtocol&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ClassicProtocol::name, Field{"name"});
      visit(&ClassicProtocol::metadata, Field{"metadata"}.bytes());
    }
  };

  struct ClassicMemberMetadata {
    std::int32_t session_timeout_ms = 0;
    std::vector<ClassicProtocol> supported_protocols;

    bool operator==(const ClassicMemberMetadata&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ClassicMemberMetadata::session_timeout_ms, Field{"session_timeout_ms"});
      visit(&ClassicMemberMetadata::supported_protocols, Field{"supported_protocols"});
    }
  };

  std::optional<std::string> instance_id = std::string{};
  std::optional<std::string> rack_id = std::string{};
  std::string client_id;
  std::string client_host;
  std::vector<std::string> subscribed_topic_names;
  std::optional<std::string> subscribed_topic_regex = std::string{};
  std::int32_t rebalance_timeout_ms = -1;
  std::optional<std::string> server_assignor = std::string{};
  std::optional<ClassicMemberMetadata> classic_member_metadata = ClassicMemberMetadata{};

  bool operator==(const ConsumerGroupMemberMetadataValue&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = ConsumerGroupMemberMetadataValue;
    visit(&S::instance_id, Field{"instance_id"}.nullable());
    visit(&S::rack_id, Field{"rack_id"}.nullable());
    visit(&S::client_id, Field{"client_id"});
    visit(&S::client_host, Field{"client_host"});
    visit(&S::subscribed_topic_names, Field{"subscribed_topic_names"});
    visit(&S::subscribed_topic_regex, Field{"subscribed_topic_regex"}.nullable());
    visit(&S::rebalance_timeout_ms, Field{"rebalance_timeout_ms"});
    visit(&S::server_assignor, Field{"server_assignor"}.nullable());
    visit(&S::classic_member_metadata, Field{"classic_member_metadata"}.tagged(0).nullable());
  }
};

/// Of which epoch the target assignment of a group is.
struct ConsumerGroupTargetAssignmentMetadataKey {
  static constexpr std::string_view kName = "ConsumerGroupTargetAssignmentMetadataKey";
  static constexpr VersionRange kVersions{6, 6};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  std::string group_id;

  bool operator==(const ConsumerGroupTargetAssignmentMetadataKey&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupTargetAssignmentMetadataKey::group_id, Field{"group_id"});
  }
};

struct ConsumerGroupTargetAssignmentMetadataValue {
  static constexpr std::string_view kName = "ConsumerGroupTargetAssignmentMetadataValue";
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::int32_t assignment_epoch = 0;
  std::int64_t assignment_timestamp = 0;

  bool operator==(const ConsumerGroupTargetAssignmentMetadataValue&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupTargetAssignmentMetadataValue::assignment_epoch, Field{"assignment_epoch"});
    visit(&ConsumerGroupTargetAssignmentMetadataValue::assignment_timestamp,
          Field{"assignment_timestamp"}.tagged(0).ignorable());
  }
};

/// What a member is to own.
struct ConsumerGroupTargetAssignmentMemberKey {
  static constexpr std::string_view kName = "ConsumerGroupTargetAssignmentMemberKey";
  static constexpr VersionRange kVersions{7, 7};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  std::string group_id;
  std::string member_id;

  bool operator==(const ConsumerGroupTargetAssignmentMemberKey&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupTargetAssignmentMemberKey::group_id, Field{"group_id"});
    visit(&ConsumerGroupTargetAssignmentMemberKey::member_id, Field{"member_id"});
  }
};

struct ConsumerGroupTargetAssignmentMemberValue {
  static constexpr std::string_view kName = "ConsumerGroupTargetAssignmentMemberValue";
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct TopicPartition {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;

    bool operator==(const TopicPartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicPartition::topic_id, Field{"topic_id"});
      visit(&TopicPartition::partitions, Field{"partitions"});
    }
  };

  std::vector<TopicPartition> topic_partitions;

  bool operator==(const ConsumerGroupTargetAssignmentMemberValue&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupTargetAssignmentMemberValue::topic_partitions, Field{"topic_partitions"});
  }
};

/// What a member owns, and what it has yet to give up.
struct ConsumerGroupCurrentMemberAssignmentKey {
  static constexpr std::string_view kName = "ConsumerGroupCurrentMemberAssignmentKey";
  static constexpr VersionRange kVersions{8, 8};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  std::string group_id;
  std::string member_id;

  bool operator==(const ConsumerGroupCurrentMemberAssignmentKey&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupCurrentMemberAssignmentKey::group_id, Field{"group_id"});
    visit(&ConsumerGroupCurrentMemberAssignmentKey::member_id, Field{"member_id"});
  }
};

struct ConsumerGroupCurrentMemberAssignmentValue {
  static constexpr std::string_view kName = "ConsumerGroupCurrentMemberAssignmentValue";
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct TopicPartitions {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
    std::optional<std::vector<std::int32_t>> assignment_epochs = std::vector<std::int32_t>{};

    bool operator==(const TopicPartitions&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicPartitions::topic_id, Field{"topic_id"});
      visit(&TopicPartitions::partitions, Field{"partitions"});
      visit(&TopicPartitions::assignment_epochs, Field{"assignment_epochs"}.tagged(0).nullable());
    }
  };

  std::int32_t member_epoch = 0;
  std::int32_t previous_member_epoch = 0;
  std::int8_t state = 0;
  std::vector<TopicPartitions> assigned_partitions;
  std::vector<TopicPartitions> partitions_pending_revocation;

  bool operator==(const ConsumerGroupCurrentMemberAssignmentValue&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = ConsumerGroupCurrentMemberAssignmentValue;
    visit(&S::member_epoch, Field{"member_epoch"});
    visit(&S::previous_member_epoch, Field{"previous_member_epoch"});
    visit(&S::state, Field{"state"});
    visit(&S::assigned_partitions, Field{"assigned_partitions"});
    visit(&S::partitions_pending_revocation, Field{"partitions_pending_revocation"});
  }
};

/// The topics that a regular expression of a group stands for.
struct ConsumerGroupRegularExpressionKey {
  static constexpr std::string_view kName = "ConsumerGroupRegularExpressionKey";
  static constexpr VersionRange kVersions{16, 16};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  std::string group_id;
  std::string regular_expression;

  bool operator==(const ConsumerGroupRegularExpressionKey&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupRegularExpressionKey::group_id, Field{"group_id"});
    visit(&ConsumerGroupRegularExpressionKey::regular_expression, Field{"regular_expression"});
  }
};

/// `version` is that of the metadata it was resolved with.
struct ConsumerGroupRegularExpressionValue {
  static constexpr std::string_view kName = "ConsumerGroupRegularExpressionValue";
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::vector<std::string> topics;
  std::int64_t version = 0;
  std::int64_t timestamp = 0;

  bool operator==(const ConsumerGroupRegularExpressionValue&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupRegularExpressionValue::topics, Field{"topics"});
    visit(&ConsumerGroupRegularExpressionValue::version, Field{"version"});
    visit(&ConsumerGroupRegularExpressionValue::timestamp, Field{"timestamp"});
  }
};

/// The bytes of a record's key or value: the version, then the fields. M is one of the types above.
/// errors  kTooLarge (a string over 32767 bytes)
template <class M>
Result<std::string> encode_consumer_group_record(const M& key_or_value);

/// M is one of the types of values above.
/// errors  kUnsupported (a version newer than ours), kTruncated, kCorrupt
template <class M>
Result<M> decode_consumer_group_value(std::string_view bytes);

}  // namespace millrace::wire
