// One step of a member from what it has towards what it is to have. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "broker/groups/consumer/consumer_member.h"

namespace millrace::broker {

struct Reconciliation {
  std::int32_t target_epoch = 0;
  const Partitions& target;
  /// What the member says that it has; nothing when it did not say.
  const std::optional<Partitions>& owned;
  /// Whether no other member has the partition, be it to give it up.
  const std::function<bool(const TopicIdPartition&)>& is_free;
};

/// The member after the step; the same when it can get no further now. First it gives up what is
/// not in the target, and only when it says that it no longer has that, it takes the target's
/// epoch, and gets what is free.
/// source  KIP-848, "Member Reconciliation"; Kafka's CurrentAssignmentBuilder
ConsumerMember reconcile(ConsumerMember member, const Reconciliation& step);

}  // namespace millrace::broker
