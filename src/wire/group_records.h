// The records of __consumer_offsets, in Kafka's formats: a key says of what, the value says what is
// now; a null value deletes. Here are offsets and classic groups; wire/consumer_group_records.h has
// the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/uuid.h"
#include "wire/consumer_group_records.h"
#include "wire/field.h"

namespace millrace::wire {

/// Whose committed offset. Key versions 0 and 1.
struct OffsetCommitKey {
  static constexpr std::string_view kName = "OffsetCommitKey";
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  std::string group;
  std::string topic;
  std::int32_t partition = 0;

  bool operator==(const OffsetCommitKey&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&OffsetCommitKey::group, Field{"group"});
    visit(&OffsetCommitKey::topic, Field{"topic"});
    visit(&OffsetCommitKey::partition, Field{"partition"});
  }
};

struct OffsetCommitValue {
  static constexpr std::string_view kName = "OffsetCommitValue";
  static constexpr VersionRange kVersions{0, 4};
  static constexpr std::int16_t kFlexibleSince = 4;

  std::int64_t offset = 0;
  std::int32_t leader_epoch = -1;
  std::string metadata;
  std::int64_t commit_timestamp = 0;
  std::int64_t expire_timestamp = -1;
  Uuid topic_id;

  bool operator==(const OffsetCommitValue&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = OffsetCommitValue;
    visit(&S::offset, Field{"offset"});
    visit(&S::leader_epoch, Field{"leader_epoch"}.since(3).ignorable());
    visit(&S::metadata, Field{"metadata"});
    visit(&S::commit_timestamp, Field{"commit_timestamp"});
    visit(&S::expire_timestamp, Field{"expire_timestamp"}.only(1, 1).ignorable());
    visit(&S::topic_id, Field{"topic_id"}.tagged(0).since(4).ignorable());
  }
};

/// Which classic group. Key version 2.
struct GroupMetadataKey {
  static constexpr std::string_view kName = "GroupMetadataKey";
  static constexpr VersionRange kVersions{2, 2};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  std::string group;

  bool operator==(const GroupMetadataKey&) const = default;
  static constexpr void fields(auto&& visit) { visit(&GroupMetadataKey::group, Field{"group"}); }
};

struct GroupMetadataValue {
  static constexpr std::string_view kName = "GroupMetadataValue";
  static constexpr VersionRange kVersions{0, 4};
  static constexpr std::int16_t kFlexibleSince = 4;

  struct MemberMetadata {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string client_id;
    std::string client_host;
    std::int32_t rebalance_timeout = -1;
    std::int32_t session_timeout = 0;
    std::string subscription;
    std::string assignment;

    bool operator==(const MemberMetadata&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = MemberMetadata;
      visit(&S::member_id, Field{"member_id"});
      visit(&S::group_instance_id, Field{"group_instance_id"}.since(3).nullable().ignorable());
      visit(&S::client_id, Field{"client_id"});
      visit(&S::client_host, Field{"client_host"});
      visit(&S::rebalance_timeout, Field{"rebalance_timeout"}.since(1).ignorable());
      visit(&S::session_timeout, Field{"session_timeout"});
      visit(&S::subscription, Field{"subscription"}.bytes());
      visit(&S::assignment, Field{"assignment"}.bytes());
    }
  };

  std::string protocol_type;
  std::int32_t generation = 0;
  std::optional<std::string> protocol = std::string{};
  std::optional<std::string> leader = std::string{};
  std::int64_t current_state_timestamp = -1;
  std::vector<MemberMetadata> members;

  bool operator==(const GroupMetadataValue&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = GroupMetadataValue;
    visit(&S::protocol_type, Field{"protocol_type"});
    visit(&S::generation, Field{"generation"});
    visit(&S::protocol, Field{"protocol"}.nullable());
    visit(&S::leader, Field{"leader"}.nullable());
    visit(&S::current_state_timestamp, Field{"current_state_timestamp"}.since(2).ignorable());
    visit(&S::members, Field{"members"});
  }
};

/// Versions that Kafka writes today.
inline constexpr std::int16_t kOffsetCommitKeyVersion = 1;
inline constexpr std::int16_t kOffsetCommitValueVersion = 3;
inline constexpr std::int16_t kGroupMetadataKeyVersion = 2;
inline constexpr std::int16_t kGroupMetadataValueVersion = 3;

/// The bytes of a record's key or value: the version, then the fields of that version.
/// errors  kTooLarge (a string over 32767 bytes)
Result<std::string> encode_group_record(const OffsetCommitKey& key);
Result<std::string> encode_group_record(const OffsetCommitValue& value);
Result<std::string> encode_group_record(const GroupMetadataKey& key);
Result<std::string> encode_group_record(const GroupMetadataValue& value);

/// A key of a kind that this build does not know, such as those of share groups.
struct UnknownGroupKey {
  std::int16_t version = 0;
};
using GroupRecordKey =
    std::variant<OffsetCommitKey, GroupMetadataKey, ConsumerGroupMetadataKey,
                 ConsumerGroupPartitionMetadataKey, ConsumerGroupMemberMetadataKey,
                 ConsumerGroupTargetAssignmentMetadataKey, ConsumerGroupTargetAssignmentMemberKey,
                 ConsumerGroupCurrentMemberAssignmentKey, ConsumerGroupRegularExpressionKey,
                 UnknownGroupKey>;

/// The kind of a key is its version.
/// errors  kTruncated, kCorrupt
Result<GroupRecordKey> decode_group_key(std::string_view bytes);
/// errors  kUnsupported (a version newer than ours), kTruncated, kCorrupt
Result<OffsetCommitValue> decode_offset_commit_value(std::string_view bytes);
Result<GroupMetadataValue> decode_group_metadata_value(std::string_view bytes);

}  // namespace millrace::wire
