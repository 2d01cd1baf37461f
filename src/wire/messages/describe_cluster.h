// DescribeCluster (key 60): cluster id, controller and brokers; flexible in every version.
// v1 adds the kind of endpoint, v2 fenced brokers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct DescribeClusterRequest {
  static constexpr std::string_view kName = "DescribeClusterRequest";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeCluster;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 0;

  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = 1;
  bool include_fenced_brokers = false;

  bool operator==(const DescribeClusterRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeClusterRequest::include_cluster_authorized_operations,
          Field{"include_cluster_authorized_operations"});
    visit(&DescribeClusterRequest::endpoint_type, Field{"endpoint_type"}.since(1));
    visit(&DescribeClusterRequest::include_fenced_brokers,
          Field{"include_fenced_brokers"}.since(2));
  }
};

struct DescribeClusterResponse {
  static constexpr std::string_view kName = "DescribeClusterResponse";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeCluster;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct DescribeClusterBroker {
    std::int32_t broker_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;
    bool is_fenced = false;

    bool operator==(const DescribeClusterBroker&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DescribeClusterBroker::broker_id, Field{"broker_id"});
      visit(&DescribeClusterBroker::host, Field{"host"});
      visit(&DescribeClusterBroker::port, Field{"port"});
      visit(&DescribeClusterBroker::rack, Field{"rack"}.nullable());
      visit(&DescribeClusterBroker::is_fenced, Field{"is_fenced"}.since(2));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message;
  std::int8_t endpoint_type = 1;
  std::string cluster_id;
  std::int32_t controller_id = -1;
  std::vector<DescribeClusterBroker> brokers;
  std::int32_t cluster_authorized_operations = INT32_MIN;

  bool operator==(const DescribeClusterResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeClusterResponse::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&DescribeClusterResponse::error_code, Field{"error_code"});
    visit(&DescribeClusterResponse::error_message, Field{"error_message"}.nullable());
    visit(&DescribeClusterResponse::endpoint_type, Field{"endpoint_type"}.since(1));
    visit(&DescribeClusterResponse::cluster_id, Field{"cluster_id"});
    visit(&DescribeClusterResponse::controller_id, Field{"controller_id"});
    visit(&DescribeClusterResponse::brokers, Field{"brokers"});
    visit(&DescribeClusterResponse::cluster_authorized_operations,
          Field{"cluster_authorized_operations"});
  }
};

}  // namespace millrace::wire
