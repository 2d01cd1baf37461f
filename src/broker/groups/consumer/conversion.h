// From one protocol to the other while a group has members: a classic group that a member of
// KIP-848 joins becomes a consumer group, and a consumer group becomes a classic one when its last
// member of KIP-848 leaves and others stay.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "broker/groups/consumer/consumer_group.h"
#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

/// Makes the classic group of that name a consumer group; who waits in it is told to join again. To
/// be written by the caller.
/// errors  GROUP_ID_NOT_FOUND when the policy forbids it, when it is no group of consumers, is too
///         large, or what its members said cannot be read; the group is as it was then
Result<ConsumerGroup*> upgrade(Turn& turn, const std::string& group_id);

/// Whether all members speak the classic protocol, and may go on by themselves.
bool may_downgrade(const Turn& turn, const ConsumerGroup& group);

enum class AfterDowngrade : std::uint8_t { kGoOn, kRebalance };

/// Makes a classic group of it, in which each has what its target says. The consumer group is no
/// more afterwards.
/// reply  goes when the change is in the log
void downgrade(Turn& turn, const ConsumerGroup& group, AfterDowngrade then,
               std::optional<GroupReply> reply);

/// What SyncGroup gives to a consumer.
/// subscription  whose version says how it is written
std::string encode_classic_assignment(const Partitions& partitions, const GroupTopics& topics,
                                      const std::string& subscription);

}  // namespace millrace::broker
