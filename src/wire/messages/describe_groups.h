// DescribeGroups (key 15): state and members of classic groups.
// v3 can ask for authorized operations, v5 is flexible, v6 has a message and says
// GROUP_ID_NOT_FOUND where older versions say state "Dead".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct DescribeGroupsRequest {
  static constexpr std::string_view kName = "DescribeGroupsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeGroups;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr std::int16_t kFlexibleSince = 5;

  std::vector<std::string> groups;
  bool include_authorized_operations = false;

  bool operator==(const DescribeGroupsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeGroupsRequest::groups, Field{"groups"});
    visit(&DescribeGroupsRequest::include_authorized_operations,
          Field{"include_authorized_operations"}.since(3));
  }
};

struct DescribeGroupsResponse {
  static constexpr std::string_view kName = "DescribeGroupsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeGroups;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr std::int16_t kFlexibleSince = 5;

  struct DescribedGroupMember {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string client_id;
    std::string client_host;
    std::string member_metadata;
    std::string member_assignment;

    bool operator==(const DescribedGroupMember&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DescribedGroupMember::member_id, Field{"member_id"});
      visit(&DescribedGroupMember::group_instance_id,
            Field{"group_instance_id"}.since(4).nullable().ignorable());
      visit(&DescribedGroupMember::client_id, Field{"client_id"});
      visit(&DescribedGroupMember::client_host, Field{"client_host"});
      visit(&DescribedGroupMember::member_metadata, Field{"member_metadata"}.bytes());
      visit(&DescribedGroupMember::member_assignment, Field{"member_assignment"}.bytes());
    }
  };

  struct DescribedGroup {
    std::int16_t error_code = 0;
    std::optional<std::string> error_message;
    std::string group_id;
    std::string group_state;
    std::string protocol_type;
    std::string protocol_data;
    std::vector<DescribedGroupMember> members;
    std::int32_t authorized_operations = INT32_MIN;

    bool operator==(const DescribedGroup&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DescribedGroup::error_code, Field{"error_code"});
      visit(&DescribedGroup::error_message, Field{"error_message"}.since(6).nullable());
      visit(&DescribedGroup::group_id, Field{"group_id"});
      visit(&DescribedGroup::group_state, Field{"group_state"});
      visit(&DescribedGroup::protocol_type, Field{"protocol_type"});
      visit(&DescribedGroup::protocol_data, Field{"protocol_data"});
      visit(&DescribedGroup::members, Field{"members"});
      visit(&DescribedGroup::authorized_operations, Field{"authorized_operations"}.since(3));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DescribedGroup> groups;

  bool operator==(const DescribeGroupsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeGroupsResponse::throttle_time_ms,
          Field{"throttle_time_ms"}.since(1).ignorable());
    visit(&DescribeGroupsResponse::groups, Field{"groups"});
  }
};

}  // namespace millrace::wire
