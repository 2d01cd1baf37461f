// What consumers tell each other through the group coordinator, which only carries the bytes:
// subscriptions to the group's leader, assignments back from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/field.h"

namespace millrace::wire {

/// A member's metadata in JoinGroup. v1 adds what the member owns (cooperative rebalancing), v2 the
/// generation that this is from, v3 the rack.
struct ConsumerProtocolSubscription {
  static constexpr std::string_view kName = "ConsumerProtocolSubscription";
  static constexpr VersionRange kVersions{0, 3};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  struct TopicPartition {
    std::string topic;
    std::vector<std::int32_t> partitions;

    bool operator==(const TopicPartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicPartition::topic, Field{"topic"});
      visit(&TopicPartition::partitions, Field{"partitions"});
    }
  };

  std::vector<std::string> topics;
  std::optional<std::string> user_data;
  std::vector<TopicPartition> owned_partitions;
  std::int32_t generation_id = -1;
  std::optional<std::string> rack_id;

  bool operator==(const ConsumerProtocolSubscription&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = ConsumerProtocolSubscription;
    visit(&S::topics, Field{"topics"});
    visit(&S::user_data, Field{"user_data"}.nullable().bytes());
    visit(&S::owned_partitions, Field{"owned_partitions"}.since(1).ignorable());
    visit(&S::generation_id, Field{"generation_id"}.since(2).ignorable());
    visit(&S::rack_id, Field{"rack_id"}.since(3).nullable().ignorable());
  }
};

/// What SyncGroup hands to a member.
struct ConsumerProtocolAssignment {
  static constexpr std::string_view kName = "ConsumerProtocolAssignment";
  static constexpr VersionRange kVersions{0, 3};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  struct TopicPartition {
    std::string topic;
    std::vector<std::int32_t> partitions;

    bool operator==(const TopicPartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicPartition::topic, Field{"topic"});
      visit(&TopicPartition::partitions, Field{"partitions"});
    }
  };

  std::vector<TopicPartition> assigned_partitions;
  std::optional<std::string> user_data;

  bool operator==(const ConsumerProtocolAssignment&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = ConsumerProtocolAssignment;
    visit(&S::assigned_partitions, Field{"assigned_partitions"});
    visit(&S::user_data, Field{"user_data"}.nullable().bytes());
  }
};

/// The bytes: the version in front, then the fields of that version.
/// errors  kUnsupported (version outside kVersions), kTooLarge
Result<std::string> encode_subscription(const ConsumerProtocolSubscription& subscription,
                                        std::int16_t version);
Result<std::string> encode_assignment(const ConsumerProtocolAssignment& assignment,
                                      std::int16_t version);

/// A version newer than ours is read as our newest: later versions only add fields at the end.
/// errors  kTruncated, kCorrupt
Result<ConsumerProtocolSubscription> decode_subscription(std::string_view bytes);
/// Empty bytes are an empty assignment: brokers send them to members that got nothing.
Result<ConsumerProtocolAssignment> decode_assignment(std::string_view bytes);

}  // namespace millrace::wire
