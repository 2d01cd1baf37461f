// Fetch (key 1): record batches from an offset on, with a long poll.
// v7 adds sessions (KIP-227), v9 leader epochs, v12 is flexible and can report divergence, v13
// names topics by id alone, v15 moves the replica's id into a tag, v16 adds leader hints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/uuid.h"
#include "wire/api_key.h"
#include "wire/field.h"
#include "wire/records.h"

namespace millrace::wire {

struct FetchRequest {
  static constexpr std::string_view kName = "FetchRequest";
  static constexpr ApiKey kApiKey = ApiKey::kFetch;
  static constexpr VersionRange kVersions{4, 18};
  static constexpr std::int16_t kFlexibleSince = 12;

  struct ReplicaState {
    std::int32_t replica_id = -1;
    std::int64_t replica_epoch = -1;

    bool operator==(const ReplicaState&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ReplicaState::replica_id, Field{"replica_id"}.since(15));
      visit(&ReplicaState::replica_epoch, Field{"replica_epoch"}.since(15));
    }
  };

  struct FetchPartition {
    std::int32_t partition = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t fetch_offset = 0;
    std::int32_t last_fetched_epoch = -1;
    std::int64_t log_start_offset = -1;
    std::int32_t partition_max_bytes = 0;
    Uuid replica_directory_id;
    std::int64_t high_watermark = INT64_MAX;

    bool operator==(const FetchPartition&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&FetchPartition::partition, Field{"partition"});
      visit(&FetchPartition::current_leader_epoch,
            Field{"current_leader_epoch"}.since(9).ignorable());
      visit(&FetchPartition::fetch_offset, Field{"fetch_offset"});
      visit(&FetchPartition::last_fetched_epoch, Field{"last_fetched_epoch"}.since(12));
      visit(&FetchPartition::log_start_offset, Field{"log_start_offset"}.since(5).ignorable());
      visit(&FetchPartition::partition_max_bytes, Field{"partition_max_bytes"});
      visit(&FetchPartition::replica_directory_id,
            Field{"replica_directory_id"}.tagged(0).since(17).ignorable());
      visit(&FetchPartition::high_watermark,
            Field{"high_watermark"}.tagged(1).since(18).ignorable());
    }
  };

  struct FetchTopic {
    std::string topic;
    Uuid topic_id;
    std::vector<FetchPartition> partitions;

    bool operator==(const FetchTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&FetchTopic::topic, Field{"topic"}.until(12).ignorable());
      visit(&FetchTopic::topic_id, Field{"topic_id"}.since(13).ignorable());
      visit(&FetchTopic::partitions, Field{"partitions"});
    }
  };

  struct ForgottenTopic {
    std::string topic;
    Uuid topic_id;
    std::vector<std::int32_t> partitions;

    bool operator==(const ForgottenTopic&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&ForgottenTopic::topic, Field{"topic"}.only(7, 12).ignorable());
      visit(&ForgottenTopic::topic_id, Field{"topic_id"}.since(13).ignorable());
      visit(&ForgottenTopic::partitions, Field{"partitions"}.since(7));
    }
  };

  std::optional<std::string> cluster_id;
  std::int32_t replica_id = -1;
  ReplicaState replica_state;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = 2147483647;
  std::int8_t isolation_level = 0;
  std::int32_t session_id = 0;
  std::int32_t session_epoch = -1;
  std::vector<FetchTopic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;
  std::string rack_id;

  bool operator==(const FetchRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&FetchRequest::cluster_id,
          Field{"cluster_id"}.tagged(0).since(12).nullable().ignorable());
    visit(&FetchRequest::replica_id, Field{"replica_id"}.until(14));
    visit(&FetchRequest::replica_state, Field{"replica_state"}.tagged(1).since(15));
    visit(&FetchRequest::max_wait_ms, Field{"max_wait_ms"});
    visit(&FetchRequest::min_bytes, Field{"min_bytes"});
    visit(&FetchRequest::max_bytes, Field{"max_bytes"}.ignorable());
    visit(&FetchRequest::isolation_level, Field{"isolation_level"}.ignorable());
    visit(&FetchRequest::session_id, Field{"session_id"}.since(7).ignorable());
    visit(&FetchRequest::session_epoch, Field{"session_epoch"}.since(7).ignorable());
    visit(&FetchRequest::topics, Field{"topics"});
    visit(&FetchRequest::forgotten_topics_data, Field{"forgotten_topics_data"}.since(7));
    visit(&FetchRequest::rack_id, Field{"rack_id"}.since(11).ignorable());
  }
};

struct FetchResponse {
  static constexpr std::string_view kName = "FetchResponse";
  static constexpr ApiKey kApiKey = ApiKey::kFetch;
  static constexpr VersionRange kVersions{4, 18};
  static constexpr std::int16_t kFlexibleSince = 12;

  struct EpochEndOffset {
    std::int32_t epoch = -1;
    std::int64_t end_offset = -1;

    bool operator==(const EpochEndOffset&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&EpochEndOffset::epoch, Field{"epoch"}.since(12));
      visit(&EpochEndOffset::end_offset, Field{"end_offset"}.since(12));
    }
  };

  struct LeaderIdAndEpoch {
    std::int32_t leader_id = -1;
    std::int32_t leader_epoch = -1;

    bool operator==(const LeaderIdAndEpoch&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&LeaderIdAndEpoch::leader_id, Field{"leader_id"}.since(12));
      visit(&LeaderIdAndEpoch::leader_epoch, Field{"leader_epoch"}.since(12));
    }
  };

  struct SnapshotId {
    std::int64_t end_offset = -1;
    std::int32_t epoch = -1;

    bool operator==(const SnapshotId&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&SnapshotId::end_offset, Field{"end_offset"});
      visit(&SnapshotId::epoch, Field{"epoch"});
    }
  };

  struct AbortedTransaction {
    std::int64_t producer_id = 0;
    std::int64_t first_offset = 0;

    bool operator==(const AbortedTransaction&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&AbortedTransaction::producer_id, Field{"producer_id"});
      visit(&AbortedTransaction::first_offset, Field{"first_offset"});
    }
  };

  struct PartitionData {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;
    std::int64_t high_watermark = 0;
    std::int64_t last_stable_offset = -1;
    std::int64_t log_start_offset = -1;
    EpochEndOffset diverging_epoch;
    LeaderIdAndEpoch current_leader;
    SnapshotId snapshot_id;
    std::optional<std::vector<AbortedTransaction>> aborted_transactions =
        std::vector<AbortedTransaction>{};
    std::int32_t preferred_read_replica = -1;
    Records records;

    bool operator==(const PartitionData&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&PartitionData::partition_index, Field{"partition_index"});
      visit(&PartitionData::error_code, Field{"error_code"});
      visit(&PartitionData::high_watermark, Field{"high_watermark"});
      visit(&PartitionData::last_stable_offset, Field{"last_stable_offset"}.ignorable());
      visit(&PartitionData::log_start_offset, Field{"log_start_offset"}.since(5).ignorable());
      visit(&PartitionData::diverging_epoch, Field{"diverging_epoch"}.tagged(0).since(12));
      visit(&PartitionData::current_leader, Field{"current_leader"}.tagged(1).since(12));
      visit(&PartitionData::snapshot_id, Field{"snapshot_id"}.tagged(2).since(12));
      visit(&PartitionData::aborted_transactions,
            Field{"aborted_transactions"}.nullable().ignorable());
      visit(&PartitionData::preferred_read_replica, Field{"preferred_read_replica"}.since(11));
      visit(&PartitionData::records, Field{"records"}.nullable());
    }
  };

  struct FetchableTopicResponse {
    std::string topic;
    Uuid topic_id;
    std::vector<PartitionData> partitions;

    bool operator==(const FetchableTopicResponse&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&FetchableTopicResponse::topic, Field{"topic"}.until(12).ignorable());
      visit(&FetchableTopicResponse::topic_id, Field{"topic_id"}.since(13).ignorable());
      visit(&FetchableTopicResponse::partitions, Field{"partitions"});
    }
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    bool operator==(const NodeEndpoint&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&NodeEndpoint::node_id, Field{"node_id"}.since(16));
      visit(&NodeEndpoint::host, Field{"host"}.since(16));
      visit(&NodeEndpoint::port, Field{"port"}.since(16));
      visit(&NodeEndpoint::rack, Field{"rack"}.since(16).nullable());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::int32_t session_id = 0;
  std::vector<FetchableTopicResponse> responses;
  std::vector<NodeEndpoint> node_endpoints;

  bool operator==(const FetchResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&FetchResponse::throttle_time_ms, Field{"throttle_time_ms"}.ignorable());
    visit(&FetchResponse::error_code, Field{"error_code"}.since(7).ignorable());
    visit(&FetchResponse::session_id, Field{"session_id"}.since(7));
    visit(&FetchResponse::responses, Field{"responses"});
    visit(&FetchResponse::node_endpoints, Field{"node_endpoints"}.tagged(0).since(16));
  }
};

}  // namespace millrace::wire
