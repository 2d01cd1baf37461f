// DescribeQuorum (key 55): leader, voters and observers of the metadata log.
// v1 adds times of replicas, v2 messages, directories and the addresses of nodes.
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

struct DescribeQuorumRequest {
  static constexpr std::string_view kName = "DescribeQuorumRequest";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeQuorum;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct PartitionData {
    std::int32_t partition_index = 0;

    bool operator==(const PartitionData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&PartitionData::partition_index, Field{"partition_index"});
    }
  };

  struct TopicData {
    std::string topic_name;
    std::vector<PartitionData> partitions;

    bool operator==(const TopicData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicData::topic_name, Field{"topic_name"});
      visit(&TopicData::partitions, Field{"partitions"});
    }
  };

  std::vector<TopicData> topics;

  bool operator==(const DescribeQuorumRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DescribeQuorumRequest::topics, Field{"topics"});
  }
};

struct DescribeQuorumResponse {
  static constexpr std::string_view kName = "DescribeQuorumResponse";
  static constexpr ApiKey kApiKey = ApiKey::kDescribeQuorum;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct ReplicaState {
    std::int32_t replica_id = 0;
    Uuid replica_directory_id;
    std::int64_t log_end_offset = 0;
    std::int64_t last_fetch_timestamp = -1;
    std::int64_t last_caught_up_timestamp = -1;

    bool operator==(const ReplicaState&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = ReplicaState;
      visit(&S::replica_id, Field{"replica_id"});
      visit(&S::replica_directory_id, Field{"replica_directory_id"}.since(2));
      visit(&S::log_end_offset, Field{"log_end_offset"});
      visit(&S::last_fetch_timestamp, Field{"last_fetch_timestamp"}.since(1).ignorable());
      visit(&S::last_caught_up_timestamp, Field{"last_caught_up_timestamp"}.since(1).ignorable());
    }
  };

  struct PartitionData {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message = std::string{};
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = 0;
    std::int64_t high_watermark = 0;
    std::vector<ReplicaState> current_voters;
    std::vector<ReplicaState> observers;

    bool operator==(const PartitionData&) const = default;
    static constexpr void fields(auto&& visit) {
      using S = PartitionData;
      visit(&S::partition_index, Field{"partition_index"});
      visit(&S::error_code, Field{"error_code"});
      visit(&S::error_message, Field{"error_message"}.since(2).nullable().ignorable());
      visit(&S::leader_id, Field{"leader_id"});
      visit(&S::leader_epoch, Field{"leader_epoch"});
      visit(&S::high_watermark, Field{"high_watermark"});
      visit(&S::current_voters, Field{"current_voters"});
      visit(&S::observers, Field{"observers"});
    }
  };

  struct TopicData {
    std::string topic_name;
    std::vector<PartitionData> partitions;

    bool operator==(const TopicData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TopicData::topic_name, Field{"topic_name"});
      visit(&TopicData::partitions, Field{"partitions"});
    }
  };

  struct Listener {
    std::string name;
    std::string host;
    std::uint16_t port = 0;

    bool operator==(const Listener&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&Listener::name, Field{"name"}.since(2));
      visit(&Listener::host, Field{"host"}.since(2));
      visit(&Listener::port, Field{"port"}.since(2));
    }
  };

  struct Node {
    std::int32_t node_id = 0;
    std::vector<Listener> listeners;

    bool operator==(const Node&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&Node::node_id, Field{"node_id"}.since(2));
      visit(&Node::listeners, Field{"listeners"}.since(2));
    }
  };

  std::int16_t error_code = 0;
  std::optional<std::string> error_message = std::string{};
  std::vector<TopicData> topics;
  std::vector<Node> nodes;

  bool operator==(const DescribeQuorumResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = DescribeQuorumResponse;
    visit(&S::error_code, Field{"error_code"});
    visit(&S::error_message, Field{"error_message"}.since(2).nullable().ignorable());
    visit(&S::topics, Field{"topics"});
    visit(&S::nodes, Field{"nodes"}.since(2));
  }
};

}  // namespace millrace::wire
