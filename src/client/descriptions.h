// What Admin is told of a cluster, and tells: topics, brokers and groups as values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/ids.h"
#include "model/topic_partition.h"
#include "model/uuid.h"

namespace millrace::client {

struct NewTopic {
  std::string name;
  std::int32_t partitions = -1;          // -1: the broker's default
  std::int16_t replication_factor = -1;  // -1: the broker's default
  std::map<std::string, std::string> configs = {};
};

/// More partitions for a topic.
struct NewPartitions {
  std::int32_t total = 0;  // how many it has afterwards
  /// The replicas of each new one, the first is to lead; nothing lets the cluster choose.
  std::optional<std::vector<std::vector<BrokerId>>> assignments = {};
};

struct NodeDescription {
  BrokerId id;
  std::string host;
  std::int32_t port = 0;
  std::optional<std::string> rack = {};
};

struct PartitionDescription {
  PartitionId partition;
  BrokerId leader;  // -1 when there is none
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> in_sync_replicas;
};

struct TopicDescription {
  std::string name;
  Uuid id;
  bool is_internal = false;
  std::vector<PartitionDescription> partitions;  // by id
};

struct TopicListing {
  std::string name;
  Uuid id;
  bool is_internal = false;
  std::int32_t partition_count = 0;
};

struct ClusterDescription {
  std::string cluster_id;
  BrokerId controller;
  std::vector<NodeDescription> nodes;
};

struct GroupListing {
  std::string group_id;
  std::string protocol_type;
  std::string state;  // empty when the broker is too old to say
  std::string group_type = {};
};

struct GroupMemberDescription {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::string client_id;
  std::string client_host;
  std::vector<TopicPartition> assignment;
  // Of members of consumer groups: their epoch, and what they are to have once all have got there.
  std::int32_t epoch = -1;
  std::vector<TopicPartition> target = {};
};

struct GroupDescription {
  std::string group_id;
  std::string state;
  std::string protocol_type;
  std::string assignor;
  BrokerId coordinator;
  std::vector<GroupMemberDescription> members;
  std::string group_type = "classic";  // or "consumer"
  // Of consumer groups: the group's epoch, and the one that partitions were dealt for.
  std::int32_t epoch = -1;
  std::int32_t assignment_epoch = -1;
};

}  // namespace millrace::client
