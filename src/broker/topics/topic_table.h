// TopicTable: an immutable picture of all topics, which handlers read without a lock.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/properties/config_overrides.h"
#include "broker/topics/partition.h"
#include "model/ids.h"
#include "model/uuid.h"
#include "wire/error_codes.h"

namespace millrace::broker {

/// "__consumer_offsets" and "__transaction_state", which clients may read but not write.
bool is_internal_topic(std::string_view name);

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";
inline constexpr std::string_view kTransactionsTopic = "__transaction_state";
/// The log of the topics themselves; not a topic that clients see.
inline constexpr std::string_view kMetadataTopic = "__cluster_metadata";

using TopicConfigs = ConfigOverrides;

struct Topic {
  std::string name;
  Uuid id;
  TopicConfigs configs;
  /// min.insync.replicas: what acks=all asks for; there is one replica.
  std::int32_t min_insync_replicas = 1;
  /// Index = partition id. Shared with readers that hold an older table.
  std::vector<std::shared_ptr<Partition>> partitions;

  bool is_internal() const { return is_internal_topic(name); }
  /// Null when there is no such partition.
  Partition* partition(std::int32_t index) const {
    if (index < 0 || static_cast<std::size_t>(index) >= partitions.size()) return nullptr;
    return partitions[static_cast<std::size_t>(index)].get();
  }
};

/// How a version of a request names topics.
enum class NamedBy { kName, kId };
/// What is answered where there is no such topic.
constexpr wire::KafkaError unknown_topic(NamedBy by) {
  return by == NamedBy::kId ? wire::KafkaError::kUnknownTopicId
                            : wire::KafkaError::kUnknownTopicOrPartition;
}

class TopicTable {
 public:
  using ByName = std::map<std::string, std::shared_ptr<const Topic>, std::less<>>;

  /// Null when there is none; the topic lives as long as this table.
  const Topic* find(std::string_view name) const;
  const Topic* find(const Uuid& id) const;
  /// By the one that counts; the other may be empty.
  const Topic* find(NamedBy by, std::string_view name, const Uuid& id) const {
    return by == NamedBy::kId ? find(id) : find(name);
  }
  /// Null when the topic or the partition does not exist.
  Partition* find_partition(std::string_view name, std::int32_t index) const;
  const ByName& by_name() const { return by_name_; }

  void add(std::shared_ptr<const Topic> topic);
  /// Copies of this table with one topic more or less.
  TopicTable with(std::shared_ptr<const Topic> topic) const;
  TopicTable without(std::string_view name) const;

 private:
  ByName by_name_;
  std::unordered_map<Uuid, const Topic*> by_id_;
};

}  // namespace millrace::broker
