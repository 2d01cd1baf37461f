// Heartbeat (key 12): a member of a classic group says that it lives.
// v3 adds static members, v4 is flexible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct HeartbeatRequest {
  static constexpr std::string_view kName = "HeartbeatRequest";
  static constexpr ApiKey kApiKey = ApiKey::kHeartbeat;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr std::int16_t kFlexibleSince = 4;

  std::string group_id;
  std::int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;

  bool operator==(const HeartbeatRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&HeartbeatRequest::group_id, Field{"group_id"});
    visit(&HeartbeatRequest::generation_id, Field{"generation_id"});
    visit(&HeartbeatRequest::member_id, Field{"member_id"});
    visit(&HeartbeatRequest::group_instance_id, Field{"group_instance_id"}.since(3).nullable());
  }
};

struct HeartbeatResponse {
  static constexpr std::string_view kName = "HeartbeatResponse";
  static constexpr ApiKey kApiKey = ApiKey::kHeartbeat;
  static constexpr VersionRange kVersions{0, 4};
  static constexpr std::int16_t kFlexibleSince = 4;

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;

  bool operator==(const HeartbeatResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&HeartbeatResponse::throttle_time_ms, Field{"throttle_time_ms"}.since(1).ignorable());
    visit(&HeartbeatResponse::error_code, Field{"error_code"});
  }
};

}  // namespace millrace::wire
