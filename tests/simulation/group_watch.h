// GroupWatch: who owns which partition in which generation, and how far the group got. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "model/topic_partition.h"

namespace millrace::simulation {

/// Invariants that it looks after:
///   - in one generation a partition has one owner;
///   - who has been replaced in a later generation cannot commit any more;
///   - an owner begins where its predecessors had committed to, and nobody commits what nobody
///     processed: so nothing is skipped.
/// Members are named by whoever runs them; a member that joins again keeps its name.
class GroupWatch {
 public:
  using Wrong = std::optional<std::string>;

  /// generation  below 0: it was expelled before it was told, and owns nothing
  Wrong assigned(const std::string& member, std::int32_t generation,
                 const TopicPartition& partition);

  /// The first record that an owner was given since it owns the partition.
  Wrong began(const std::string& member, const TopicPartition& partition, Offset offset);
  void processed(const TopicPartition& partition, Offset next);
  Offset processed_to(const TopicPartition& partition) const;

  /// Asked before a commit is sent: whether the broker must refuse it.
  bool is_replaced(const std::string& member, std::int32_t generation,
                   const TopicPartition& partition) const;
  /// The broker accepted it.     was_replaced  what is_replaced() said before it was sent
  Wrong committed(const std::string& member, const TopicPartition& partition, Offset next,
                  bool was_replaced);
  /// What the group has committed, as the broker says.
  Wrong check_committed(const TopicPartition& partition, Offset committed) const;

  /// Records may have vanished that some member had read: from here on a group may be ahead of the
  /// log, and what is skipped because of that is not its fault.
  void forgive_lost_tails() { may_be_ahead_ = true; }

 private:
  struct Owner {
    std::string member;
    std::int32_t generation;
  };
  struct Partition {
    std::optional<Owner> owner;  // the latest one, also when it has given the partition up
    Offset processed{0};
  };

  std::map<TopicPartition, Partition> partitions_;
  bool may_be_ahead_ = false;
};

}  // namespace millrace::simulation
