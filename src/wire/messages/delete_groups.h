// DeleteGroups (key 42): deletes groups without members, with their offsets.
// v2 is flexible, v3 has a message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct DeleteGroupsRequest {
  static constexpr std::string_view kName = "DeleteGroupsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kDeleteGroups;
  static constexpr VersionRange kVersions{0, 3};
  static constexpr std::int16_t kFlexibleSince = 2;

  std::vector<std::string> groups_names;

  bool operator==(const DeleteGroupsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DeleteGroupsRequest::groups_names, Field{"groups_names"});
  }
};

struct DeleteGroupsResponse {
  static constexpr std::string_view kName = "DeleteGroupsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kDeleteGroups;
  static constexpr VersionRange kVersions{0, 3};
  static constexpr std::int16_t kFlexibleSince = 2;

  struct DeletableGroupResult {
    std::string group_id;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message = std::nullopt;

    bool operator==(const DeletableGroupResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DeletableGroupResult::group_id, Field{"group_id"});
      visit(&DeletableGroupResult::error_code, Field{"error_code"});
      visit(&DeletableGroupResult::error_message,
            Field{"error_message"}.since(3).nullable().ignorable());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DeletableGroupResult> results;

  bool operator==(const DeleteGroupsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DeleteGroupsResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&DeleteGroupsResponse::results, Field{"results"});
  }
};

}  // namespace millrace::wire
