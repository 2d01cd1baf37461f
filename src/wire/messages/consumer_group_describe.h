// ConsumerGroupDescribe (key 69): state, members and assignments of consumer groups (KIP-848).
// v1 says by which protocol a member takes part.
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

struct ConsumerGroupDescribeRequest {
  static constexpr std::string_view kName = "ConsumerGroupDescribeRequest";
  static constexpr ApiKey kApiKey = ApiKey::kConsumerGroupDescribe;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::vector<std::string> group_ids;
  bool include_authorized_operations = false;

  bool operator==(const ConsumerGroupDescribeRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupDescribeRequest::group_ids, Field{"group_ids"});
    visit(&ConsumerGroupDescribeRequest::include_authorized_operations,
          Field{"include_authorized_operations"});
  }
};

struct ConsumerGroupDescribeResponse {
  static constexpr std::string_view kName = "ConsumerGroupDescribeResponse";
  static constexpr ApiKey kApiKey = ApiKey::kConsumerGroupDescribe;
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct TopicPartitions {
    Uuid topic_id;
    std::string topic_name;
    std::vector<std::int32_t> partitions;

    bool operator==(const TopicPartitions&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicPartitions::topic_id, Field{"topic_id"});
      visit(&TopicPartitions::topic_name, Field{"topic_name"});
      visit(&TopicPartitions::partitions, Field{"partitions"});
    }
  };

  struct Assignment {
    std::vector<TopicPartitions> topic_partitions;

    bool operator==(const Assignment&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&Assignment::topic_partitions, Field{"topic_partitions"});
    }
  };

  struct Member {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::int32_t member_epoch = 0;
    std::string client_id;
    std::string client_host;
    std::vector<std::string> subscribed_topic_names;
    std::optional<std::string> subscribed_topic_regex;
    Assignment assignment;
    Assignment target_assignment;
    std::int8_t member_type = -1;

    bool operator==(const Member&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = Member;
      visit(&S::member_id, Field{"member_id"});
      visit(&S::instance_id, Field{"instance_id"}.nullable());
      visit(&S::rack_id, Field{"rack_id"}.nullable());
      visit(&S::member_epoch, Field{"member_epoch"});
      visit(&S::client_id, Field{"client_id"});
      visit(&S::client_host, Field{"client_host"});
      visit(&S::subscribed_topic_names, Field{"subscribed_topic_names"});
      visit(&S::subscribed_topic_regex, Field{"subscribed_topic_regex"}.nullable());
      visit(&S::assignment, Field{"assignment"});
      visit(&S::target_assignment, Field{"target_assignment"});
      visit(&S::member_type, Field{"member_type"}.since(1).ignorable());
    }
  };

  struct DescribedGroup {
    std::int16_t error_code = 0;
    std::optional<std::string> error_message;
    std::string group_id;
    std::string group_state;
    std::int32_t group_epoch = 0;
    std::int32_t assignment_epoch = 0;
    std::string assignor_name;
    std::vector<Member> members;
    std::int32_t authorized_operations = INT32_MIN;

    bool operator==(const DescribedGroup&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = DescribedGroup;
      visit(&S::error_code, Field{"error_code"});
      visit(&S::error_message, Field{"error_message"}.nullable());
      visit(&S::group_id, Field{"group_id"});
      visit(&S::group_state, Field{"group_state"});
      visit(&S::group_epoch, Field{"group_epoch"});
      visit(&S::assignment_epoch, Field{"assignment_epoch"});
      visit(&S::assignor_name, Field{"assignor_name"});
      visit(&S::members, Field{"members"});
      visit(&S::authorized_operations, Field{"authorized_operations"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DescribedGroup> groups;

  bool operator==(const ConsumerGroupDescribeResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ConsumerGroupDescribeResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&ConsumerGroupDescribeResponse::groups, Field{"groups"});
  }
};

}  // namespace millrace::wire
