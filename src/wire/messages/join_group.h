// JoinGroup (key 11): a member enters a classic group or comes back to it.
// v1 adds the rebalance timeout, v4 hands out the member id first (MEMBER_ID_REQUIRED), v5 static
// members, v6 is flexible, v7 adds the protocol type, v8 a reason, v9 lets the leader skip
// assigning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct JoinGroupRequest {
  static constexpr std::string_view kName = "JoinGroupRequest";
  static constexpr ApiKey kApiKey = ApiKey::kJoinGroup;
  static constexpr VersionRange kVersions{0, 9};
  static constexpr std::int16_t kFlexibleSince = 6;

  struct JoinGroupRequestProtocol {
    std::string name;
    std::string metadata;

    bool operator==(const JoinGroupRequestProtocol&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&JoinGroupRequestProtocol::name, Field{"name"});
      visit(&JoinGroupRequestProtocol::metadata, Field{"metadata"}.bytes());
    }
  };

  std::string group_id;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::string protocol_type;
  std::vector<JoinGroupRequestProtocol> protocols;
  std::optional<std::string> reason;

  bool operator==(const JoinGroupRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&JoinGroupRequest::group_id, Field{"group_id"});
    visit(&JoinGroupRequest::session_timeout_ms, Field{"session_timeout_ms"});
    visit(&JoinGroupRequest::rebalance_timeout_ms,
          Field{"rebalance_timeout_ms"}.since(1).ignorable());
    visit(&JoinGroupRequest::member_id, Field{"member_id"});
    visit(&JoinGroupRequest::group_instance_id, Field{"group_instance_id"}.since(5).nullable());
    visit(&JoinGroupRequest::protocol_type, Field{"protocol_type"});
    visit(&JoinGroupRequest::protocols, Field{"protocols"});
    visit(&JoinGroupRequest::reason, Field{"reason"}.since(8).nullable().ignorable());
  }
};

struct JoinGroupResponse {
  static constexpr std::string_view kName = "JoinGroupResponse";
  static constexpr ApiKey kApiKey = ApiKey::kJoinGroup;
  static constexpr VersionRange kVersions{0, 9};
  static constexpr std::int16_t kFlexibleSince = 6;

  struct JoinGroupResponseMember {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string metadata;

    bool operator==(const JoinGroupResponseMember&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&JoinGroupResponseMember::member_id, Field{"member_id"});
      visit(&JoinGroupResponseMember::group_instance_id,
            Field{"group_instance_id"}.since(5).nullable().ignorable());
      visit(&JoinGroupResponseMember::metadata, Field{"metadata"}.bytes());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::int32_t generation_id = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name = std::string{};
  std::string leader;
  bool skip_assignment = false;
  std::string member_id;
  std::vector<JoinGroupResponseMember> members;

  bool operator==(const JoinGroupResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&JoinGroupResponse::throttle_time_ms, Field{"throttle_time_ms"}.since(2).ignorable());
    visit(&JoinGroupResponse::error_code, Field{"error_code"});
    visit(&JoinGroupResponse::generation_id, Field{"generation_id"});
    visit(&JoinGroupResponse::protocol_type,
          Field{"protocol_type"}.since(7).nullable().ignorable());
    visit(&JoinGroupResponse::protocol_name, Field{"protocol_name"}.nullable(7));
    visit(&JoinGroupResponse::leader, Field{"leader"});
    visit(&JoinGroupResponse::skip_assignment, Field{"skip_assignment"}.since(9));
    visit(&JoinGroupResponse::member_id, Field{"member_id"});
    visit(&JoinGroupResponse::members, Field{"members"});
  }
};

}  // namespace millrace::wire
