// ConsumerGroupHeartbeat (key 68): how a member of a consumer group (KIP-848) joins, lives, changes
// its subscription and leaves. Null says that a field has not changed.
// v1 adds subscriptions by regular expression, and lets members choose their ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/uuid.h"
#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

/// What a member says that it owns, and what it is to own.
struct HeartbeatTopicPartitions {
  Uuid topic_id;
  std::vector<std::int32_t> partitions;

  bool operator==(const HeartbeatTopicPartitions&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&HeartbeatTopicPartitions::topic_id, Field{"topic_id"});
    visit(&HeartbeatTopicPartitions::partitions, Field{"partitions"});
  }
};

struct ConsumerGroupHeartbeatRequest {
  static constexpr std::string_view kName = "ConsumerGroupHeartbeatRequest";
  static constexpr ApiKey kApiKey = ApiKey::kConsumerGroupHeartbeat;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::string group_id;
  std::string member_id;
  std::int32_t member_epoch = 0;
  std::optional<std::string> instance_id;
  std::optional<std::string> rack_id;
  std::int32_t rebalance_timeout_ms = -1;
  std::optional<std::vector<std::string>> subscribed_topic_names;
  std::optional<std::string> subscribed_topic_regex;
  std::optional<std::string> server_assignor;
  std::optional<std::vector<HeartbeatTopicPartitions>> topic_partitions;

  bool operator==(const ConsumerGroupHeartbeatRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = ConsumerGroupHeartbeatRequest;
    visit(&S::group_id, Field{"group_id"});
    visit(&S::member_id, Field{"member_id"});
    visit(&S::member_epoch, Field{"member_epoch"});
    visit(&S::instance_id, Field{"instance_id"}.nullable());
    visit(&S::rack_id, Field{"rack_id"}.nullable());
    visit(&S::rebalance_timeout_ms, Field{"rebalance_timeout_ms"});
    visit(&S::subscribed_topic_names, Field{"subscribed_topic_names"}.nullable());
    visit(&S::subscribed_topic_regex, Field{"subscribed_topic_regex"}.since(1).nullable());
    visit(&S::server_assignor, Field{"server_assignor"}.nullable());
    visit(&S::topic_partitions, Field{"topic_partitions"}.nullable());
  }
};

struct ConsumerGroupHeartbeatResponse {
  static constexpr std::string_view kName = "ConsumerGroupHeartbeatResponse";
  static constexpr ApiKey kApiKey = ApiKey::kConsumerGroupHeartbeat;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct Assignment {
    std::vector<HeartbeatTopicPartitions> topic_partitions;

    bool operator==(const Assignment&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&Assignment::topic_partitions, Field{"topic_partitions"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message;
  std::optional<std::string> member_id;
  std::int32_t member_epoch = 0;
  std::int32_t heartbeat_interval_ms = 0;
  std::optional<Assignment> assignment;

  bool operator==(const ConsumerGroupHeartbeatResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = ConsumerGroupHeartbeatResponse;
    visit(&S::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&S::error_code, Field{"error_code"});
    visit(&S::error_message, Field{"error_message"}.nullable());
    visit(&S::member_id, Field{"member_id"}.nullable());
    visit(&S::member_epoch, Field{"member_epoch"});
    visit(&S::heartbeat_interval_ms, Field{"heartbeat_interval_ms"});
    visit(&S::assignment, Field{"assignment"}.nullable());
  }
};

}  // namespace millrace::wire
