// ListGroups (key 16): the groups that this broker coordinates.
// v3 is flexible, v4 filters by state, v5 by type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct ListGroupsRequest {
  static constexpr std::string_view kName = "ListGroupsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kListGroups;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr std::int16_t kFlexibleSince = 3;

  std::vector<std::string> states_filter;
  std::vector<std::string> types_filter;

  bool operator==(const ListGroupsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ListGroupsRequest::states_filter, Field{"states_filter"}.since(4));
    visit(&ListGroupsRequest::types_filter, Field{"types_filter"}.since(5));
  }
};

struct ListGroupsResponse {
  static constexpr std::string_view kName = "ListGroupsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kListGroups;
  static constexpr VersionRange kVersions{0, 5};
  static constexpr std::int16_t kFlexibleSince = 3;

  struct ListedGroup {
    std::string group_id;
    std::string protocol_type;
    std::string group_state;
    std::string group_type;

    bool operator==(const ListedGroup&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ListedGroup::group_id, Field{"group_id"});
      visit(&ListedGroup::protocol_type, Field{"protocol_type"});
      visit(&ListedGroup::group_state, Field{"group_state"}.since(4).ignorable());
      visit(&ListedGroup::group_type, Field{"group_type"}.since(5).ignorable());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::vector<ListedGroup> groups;

  bool operator==(const ListGroupsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&ListGroupsResponse::throttle_time_ms, Field{"throttle_time_ms"}.since(1).ignorable());
    visit(&ListGroupsResponse::error_code, Field{"error_code"});
    visit(&ListGroupsResponse::groups, Field{"groups"});
  }
};

}  // namespace millrace::wire
