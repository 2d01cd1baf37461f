// LeaveGroup (key 13): members leave a classic group.
// One member up to v2, a list from v3 on; v4 is flexible, v5 adds reasons.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct LeaveGroupRequest {
  static constexpr std::string_view kName = "LeaveGroupRequest";
  static constexpr ApiKey kApiKey = ApiKey::kLeaveGroup;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr std::int16_t kFlexibleSince = 4;

  struct MemberIdentity {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::optional<std::string> reason;

    bool operator==(const MemberIdentity&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&MemberIdentity::member_id, Field{"member_id"}.since(3));
      visit(&MemberIdentity::group_instance_id, Field{"group_instance_id"}.since(3).nullable());
      visit(&MemberIdentity::reason, Field{"reason"}.since(5).nullable().ignorable());
    }
  };

  std::string group_id;
  std::string member_id;
  std::vector<MemberIdentity> members;

  bool operator==(const LeaveGroupRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&LeaveGroupRequest::group_id, Field{"group_id"});
    visit(&LeaveGroupRequest::member_id, Field{"member_id"}.until(2));
    visit(&LeaveGroupRequest::members, Field{"members"}.since(3));
  }
};

struct LeaveGroupResponse {
  static constexpr std::string_view kName = "LeaveGroupResponse";
  static constexpr ApiKey kApiKey = ApiKey::kLeaveGroup;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr std::int16_t kFlexibleSince = 4;

  struct MemberResponse {
    std::string member_id;
    std::optional<std::string> group_instance_id = std::string{};
    std::int16_t error_code = 0;

    bool operator==(const MemberResponse&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&MemberResponse::member_id, Field{"member_id"}.since(3));
      visit(&MemberResponse::group_instance_id, Field{"group_instance_id"}.since(3).nullable());
      visit(&MemberResponse::error_code, Field{"error_code"}.since(3));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::vector<MemberResponse> members;

  bool operator==(const LeaveGroupResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&LeaveGroupResponse::throttle_time_ms, Field{"throttle_time_ms"}.since(1).ignorable());
    visit(&LeaveGroupResponse::error_code, Field{"error_code"});
    visit(&LeaveGroupResponse::members, Field{"members"}.since(3));
  }
};

}  // namespace millrace::wire
