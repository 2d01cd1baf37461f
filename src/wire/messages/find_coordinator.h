// FindCoordinator (key 10): the broker that keeps a group's or a transaction's state.
// v1 adds the kind of key, v3 is flexible, from v4 on one request asks for several keys, v6 knows
// share groups.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct FindCoordinatorRequest {
  static constexpr std::string_view kName = "FindCoordinatorRequest";
  static constexpr ApiKey kApiKey = ApiKey::kFindCoordinator;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr std::int16_t kFlexibleSince = 3;

  std::string key;
  std::int8_t key_type = 0;
  std::vector<std::string> coordinator_keys;

  bool operator==(const FindCoordinatorRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&FindCoordinatorRequest::key, Field{"key"}.until(3));
    visit(&FindCoordinatorRequest::key_type, Field{"key_type"}.since(1));
    visit(&FindCoordinatorRequest::coordinator_keys, Field{"coordinator_keys"}.since(4));
  }
};

struct FindCoordinatorResponse {
  static constexpr std::string_view kName = "FindCoordinatorResponse";
  static constexpr ApiKey kApiKey = ApiKey::kFindCoordinator;
  static constexpr VersionRange kVersions{0, 6};
  static constexpr std::int16_t kFlexibleSince = 3;

  struct Coordinator {
    std::string key;
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message = std::string{};

    bool operator==(const Coordinator&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&Coordinator::key, Field{"key"}.since(4));
      visit(&Coordinator::node_id, Field{"node_id"}.since(4));
      visit(&Coordinator::host, Field{"host"}.since(4));
      visit(&Coordinator::port, Field{"port"}.since(4));
      visit(&Coordinator::error_code, Field{"error_code"}.since(4));
      visit(&Coordinator::error_message, Field{"error_message"}.since(4).nullable().ignorable());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message = std::string{};
  std::int32_t node_id = 0;
  std::string host;
  std::int32_t port = 0;
  std::vector<Coordinator> coordinators;

  bool operator==(const FindCoordinatorResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&FindCoordinatorResponse::throttle_time_ms,
          Field{"throttle_time_ms"}.since(1).ignorable());
    visit(&FindCoordinatorResponse::error_code, Field{"error_code"}.until(3));
    visit(&FindCoordinatorResponse::error_message,
          Field{"error_message"}.only(1, 3).nullable(1, 3).ignorable());
    visit(&FindCoordinatorResponse::node_id, Field{"node_id"}.until(3));
    visit(&FindCoordinatorResponse::host, Field{"host"}.until(3));
    visit(&FindCoordinatorResponse::port, Field{"port"}.until(3));
    visit(&FindCoordinatorResponse::coordinators, Field{"coordinators"}.since(4));
  }
};

}  // namespace millrace::wire
