// SyncGroup (key 14): the leader hands in the assignment, every member takes its part.
// v3 adds static members, v4 is flexible, v5 the protocol for a cross-check.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct SyncGroupRequest {
  static constexpr std::string_view kName = "SyncGroupRequest";
  static constexpr ApiKey kApiKey = ApiKey::kSyncGroup;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr std::int16_t kFlexibleSince = 4;

  struct SyncGroupRequestAssignment {
    std::string member_id;
    std::string assignment;

    bool operator==(const SyncGroupRequestAssignment&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&SyncGroupRequestAssignment::member_id, Field{"member_id"});
      visit(&SyncGroupRequestAssignment::assignment, Field{"assignment"}.bytes());
    }
  };

  std::string group_id;
  std::int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::vector<SyncGroupRequestAssignment> assignments;

  bool operator==(const SyncGroupRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&SyncGroupRequest::group_id, Field{"group_id"});
    visit(&SyncGroupRequest::generation_id, Field{"generation_id"});
    visit(&SyncGroupRequest::member_id, Field{"member_id"});
    visit(&SyncGroupRequest::group_instance_id, Field{"group_instance_id"}.since(3).nullable());
    visit(&SyncGroupRequest::protocol_type, Field{"protocol_type"}.since(5).nullable().ignorable());
    visit(&SyncGroupRequest::protocol_name, Field{"protocol_name"}.since(5).nullable().ignorable());
    visit(&SyncGroupRequest::assignments, Field{"assignments"});
  }
};

struct SyncGroupResponse {
  static constexpr std::string_view kName = "SyncGroupResponse";
  static constexpr ApiKey kApiKey = ApiKey::kSyncGroup;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr std::int16_t kFlexibleSince = 4;

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::string assignment;

  bool operator==(const SyncGroupResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&SyncGroupResponse::throttle_time_ms, Field{"throttle_time_ms"}.since(1).ignorable());
    visit(&SyncGroupResponse::error_code, Field{"error_code"});
    visit(&SyncGroupResponse::protocol_type,
          Field{"protocol_type"}.since(5).nullable().ignorable());
    visit(&SyncGroupResponse::protocol_name,
          Field{"protocol_name"}.since(5).nullable().ignorable());
    visit(&SyncGroupResponse::assignment, Field{"assignment"}.bytes());
  }
};

}  // namespace millrace::wire
