#include "tests/simulation/group_watch.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::simulation {

GroupWatch::Wrong GroupWatch::assigned(const std::string& member, std::int32_t generation,
                                       const TopicPartition& partition) {
  if (generation < 0) return std::nullopt;
  Partition& state = partitions_[partition];
  if (state.owner && state.owner->generation == generation && state.owner->member != member) {
    return fmt::format("{} belongs to {} and to {} in generation {}", partition,
                       state.owner->member, member, generation);
  }
  // Who learns late of an old generation does not take the partition from its new owner.
  if (state.owner && state.owner->generation > generation) return std::nullopt;
  state.owner = Owner{member, generation};
  return std::nullopt;
}

GroupWatch::Wrong GroupWatch::began(const std::string& member, const TopicPartition& partition,
                                    Offset offset) {
  const Offset processed = processed_to(partition);
  if (offset <= processed || may_be_ahead_) return std::nullopt;
  return fmt::format("{} begins {} at offset {}, but only those before {} were processed", member,
                     partition, offset, processed);
}

void GroupWatch::processed(const TopicPartition& partition, Offset next) {
  Offset& reached = partitions_[partition].processed;
  reached = std::max(reached, next);
}

Offset GroupWatch::processed_to(const TopicPartition& partition) const {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? Offset{0} : found->second.processed;
}

bool GroupWatch::is_replaced(const std::string& member, std::int32_t generation,
                             const TopicPartition& partition) const {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end() || !found->second.owner) return false;
  const Owner& owner = *found->second.owner;
  return owner.member != member && owner.generation > generation;
}

GroupWatch::Wrong GroupWatch::committed(const std::string& member, const TopicPartition& partition,
                                        Offset next, bool was_replaced) {
  if (was_replaced) {
    return fmt::format("{} committed {} at {} although it had been replaced before it asked",
                       member, partition, next);
  }
  return check_committed(partition, next);
}

GroupWatch::Wrong GroupWatch::check_committed(const TopicPartition& partition,
                                              Offset committed) const {
  const Offset processed = processed_to(partition);
  if (committed <= processed || may_be_ahead_) return std::nullopt;
  return fmt::format("{}: committed to {}, but only those before {} were processed", partition,
                     committed, processed);
}

}  // namespace millrace::simulation
