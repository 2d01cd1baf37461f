// What Admin is told of a cluster as a whole: directories, quorum, features, moves of replicas.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "model/topic_partition.h"
#include "model/uuid.h"

namespace millrace::client {

/// A replica in a log directory.
struct ReplicaFiles {
  TopicPartition partition;
  std::int64_t size_bytes = 0;
  /// Records that it is behind.
  std::int64_t offset_lag = 0;
  /// It is on its way into this directory, and will take the place of the one in another.
  bool is_future = false;
};

struct LogDirectoryDescription {
  std::string path;
  /// Of the file system; -1 when the broker does not say.
  std::int64_t total_bytes = -1;
  std::int64_t usable_bytes = -1;
  std::vector<ReplicaFiles> replicas = {};  // by partition
};

struct QuorumReplica {
  BrokerId node;
  Uuid directory_id = {};  // zero when the broker does not say
  Offset log_end_offset = kNoOffset;
  Timestamp last_fetch = kNoTimestamp;
  Timestamp last_caught_up = kNoTimestamp;
};

/// Who keeps the cluster's metadata.
struct QuorumDescription {
  BrokerId leader;
  LeaderEpoch epoch;
  Offset high_watermark;
  std::vector<QuorumReplica> voters = {};
  std::vector<QuorumReplica> observers = {};
};

struct FeatureLevels {
  std::int16_t min_level = 0;
  std::int16_t max_level = 0;
};
struct FeaturesDescription {
  /// What the cluster has agreed on, and what the broker that was asked could do.
  std::map<std::string, FeatureLevels> finalized = {};
  std::map<std::string, FeatureLevels> supported = {};
  std::int64_t finalized_epoch = -1;
};

enum class ElectionType : std::int8_t {
  kPreferred = 0,  // the first replica, if it is in sync
  kUnclean = 1     // any replica that runs, where nobody leads: what it lacks is lost
};

/// Replicas that are on their way.
struct OngoingReassignment {
  std::vector<BrokerId> replicas;  // those of before and those to come
  std::vector<BrokerId> adding;
  std::vector<BrokerId> removing;
};

}  // namespace millrace::client
