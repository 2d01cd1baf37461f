#include "broker/groups/consumer/current_assignment.h"

#include <algorithm>
#include <utility>

namespace millrace::broker {

namespace {

/// A member that does not say what it has may have all of it.
bool may_still_own(const OwnedPartitions& partitions, const std::optional<Partitions>& owned) {
  if (!owned) return true;
  return std::any_of(partitions.begin(), partitions.end(),
                     [&](const auto& item) { return owned->contains(item.first); });
}

void take_epoch(ConsumerMember& member, std::int32_t epoch) {
  member.previous_epoch = member.epoch;
  member.epoch = epoch;
}

/// epoch  that the member stays in while it has something to give up
ConsumerMember next_assignment(ConsumerMember member, std::int32_t epoch,
                               const Reconciliation& step) {
  OwnedPartitions kept;
  OwnedPartitions given_up;
  for (const auto& item : member.assigned) {
    (step.target.contains(item.first) ? kept : given_up).insert(item);
  }
  if (!given_up.empty() && may_still_own(given_up, step.owned)) {
    member.state = MemberState::kUnrevokedPartitions;
    member.assigned = std::move(kept);
    member.to_revoke = std::move(given_up);
    take_epoch(member, epoch);
    return member;
  }

  member.state = MemberState::kStable;
  for (const TopicIdPartition& wanted : step.target) {
    if (kept.contains(wanted)) continue;
    if (step.is_free(wanted)) {
      kept.emplace(wanted, step.target_epoch);
    } else {
      member.state = MemberState::kUnreleasedPartitions;
    }
  }
  member.assigned = std::move(kept);
  member.to_revoke.clear();
  take_epoch(member, step.target_epoch);
  return member;
}

}  // namespace

ConsumerMember reconcile(ConsumerMember member, const Reconciliation& step) {
  switch (member.state) {
    case MemberState::kStable:
      if (member.epoch == step.target_epoch) return member;
      break;
    case MemberState::kUnrevokedPartitions: {
      if (may_still_own(member.to_revoke, step.owned)) return member;
      const std::int32_t epoch = member.epoch + 1;
      return next_assignment(std::move(member), epoch, step);
    }
    case MemberState::kUnreleasedPartitions:
      break;
  }
  const std::int32_t epoch = member.epoch;
  ConsumerMember next = next_assignment(member, epoch, step);
  // Nothing became free: neither its epochs nor the log need hear of that.
  const bool has_moved = next.epoch != member.epoch || next.state != member.state ||
                         next.assigned != member.assigned || next.to_revoke != member.to_revoke;
  return has_moved ? next : member;
}

}  // namespace millrace::broker
