// Assignor: how partitions are dealt to the members of a consumer group: by the group's leader (the
// classic protocol) or by its coordinator (KIP-848). Kafka's own are in assignors.h; an application
// may bring another.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/topic_partition.h"

namespace millrace::assignors {

enum class RebalanceProtocol {
  kEager,       // every member gives up everything before it joins again
  kCooperative  // a member gives up only what it must, then everyone joins once more
};

/// What is known of one member: what it told the group when it joined.
struct MemberSubscription {
  std::string member_id = {};
  std::optional<std::string> group_instance_id = {};
  std::vector<std::string> topics = {};
  std::vector<TopicPartition> owned = {};  // what it holds, for sticky assignors
  std::int32_t generation = -1;            // in which it came to hold it; -1 says unknown
  std::optional<std::string> rack = {};
  std::string user_data = {};
};

struct MemberAssignment {
  std::vector<TopicPartition> partitions;
  std::string user_data = {};
};

/// Partition count of each topic that some member subscribed to and that exists.
using PartitionCounts = std::map<std::string, std::int32_t, std::less<>>;
/// By member id; every member has an entry.
using GroupAssignment = std::map<std::string, MemberAssignment>;

/// What they throw: name() and protocol(), which are asked once, fail Consumer::create(); the
/// others take the member out of its group and are the error of the next poll().
/// thread  of whoever deals: a consumer's I/O thread, a coordinator's loop; must not block
class Assignor {
 public:
  virtual ~Assignor() = default;

  /// The name that members vote for, such as "range".
  virtual std::string_view name() const = 0;
  /// How members of the classic protocol work with it.
  virtual RebalanceProtocol protocol() const = 0;
  /// Deals the partitions. Pure: the same input gives the same output, whatever the members' order.
  virtual GroupAssignment assign(const PartitionCounts& counts,
                                 const std::vector<MemberSubscription>& members) const = 0;
  /// What this member adds to its subscription.
  virtual std::string subscription_user_data(const std::vector<TopicPartition>& /*owned*/) const {
    return {};
  }
  /// What this member was dealt, before the rebalance callbacks run.
  virtual void on_assignment(const MemberAssignment& /*assignment*/, std::int32_t /*generation*/) {}
};

}  // namespace millrace::assignors
