// MetadataCache: what is known of the cluster: brokers, topics, who leads each partition. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "io/connection.h"
#include "model/ids.h"
#include "model/topic_partition.h"
#include "model/uuid.h"
#include "wire/error_codes.h"
#include "wire/messages/metadata.h"

namespace millrace::client {

struct BrokerNode {
  BrokerId id;
  io::Endpoint endpoint;
};

inline constexpr BrokerId kNoBroker{-1};

struct PartitionMetadata {
  BrokerId leader = kNoBroker;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
};

struct TopicMetadata {
  Uuid id;
  wire::KafkaError error = wire::KafkaError::kNone;
  bool is_internal = false;
  std::vector<PartitionMetadata> partitions;  // by partition number
};

/// Where a partition is read and written.
struct PartitionLeader {
  BrokerId broker;
  LeaderEpoch epoch;
};

class MetadataCache {
 public:
  /// Takes an answer. Topics that it does not name stay; of a topic that it names, a leader of an
  /// older epoch than the one known is not believed.
  void update(const wire::MetadataResponse& answer);
  /// A broker said who leads now, in the answer to something else.
  void note_leader(const TopicPartition& partition, PartitionLeader leader);
  /// `asked` refused, and said who leads. Whether there is somebody else to ask now, or the same
  /// in a later epoch.
  bool note_leader_after(const PartitionLeader& asked, const TopicPartition& partition,
                         PartitionLeader leader);
  void note_broker(BrokerNode node);
  /// Where brokers are, as answers tell it; what is no port is not believed.
  template <class Nodes>
  void note_brokers(const Nodes& nodes) {
    for (const auto& node : nodes) {
      const std::int32_t port = node.port;
      if (port < 1 || port > UINT16_MAX) continue;
      note_broker({BrokerId{node.node_id}, {node.host, static_cast<std::uint16_t>(port)}});
    }
  }
  /// A broker said that it does not lead: wait for the next update.
  void forget_leader(const TopicPartition& partition);
  void forget_topic(const std::string& topic) { topics_.erase(topic); }
  /// Forgets all others.
  void keep_topics(const std::set<std::string>& topics);

  const std::map<BrokerId, BrokerNode>& brokers() const { return brokers_; }
  const BrokerNode* broker(BrokerId id) const;
  /// Null when unknown.
  const TopicMetadata* topic(std::string_view name) const;
  const std::map<std::string, TopicMetadata, std::less<>>& topics() const { return topics_; }
  std::optional<PartitionLeader> leader(const TopicPartition& partition) const;
  BrokerId controller() const { return controller_; }
  const std::string& cluster_id() const { return cluster_id_; }

 private:
  PartitionMetadata* find(const TopicPartition& partition);

  std::map<BrokerId, BrokerNode> brokers_;
  std::map<std::string, TopicMetadata, std::less<>> topics_;
  BrokerId controller_ = kNoBroker;
  std::string cluster_id_;
};

}  // namespace millrace::client
