// What the rules of consumer groups have in common: changes that go to the log at the end of a
// turn, and answers that wait for it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "broker/groups/consumer/consumer_group.h"
#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

/// Of what a member says of itself, which has to go into one record.
inline constexpr std::size_t kSaidBytesMax = 512 * 1024;

/// Has written what the group's `unwritten` names; the reply goes when that, and all that was on
/// its way before, is in the log. At once when nothing is.
void write_and_answer(Turn& turn, ConsumerGroup& group,
                      std::optional<GroupReply> reply = std::nullopt);
/// The records are in the log, or are not. Then what was to be written still is, with the next
/// change, and whoever waits is told to come again.
void consumer_group_stored(Turn& turn, const std::string& group_id, ConsumerGroupStored stored,
                           wire::KafkaError error);

/// Resolves what the group is subscribed to, if the topics have changed since or `must_bump`; the
/// epoch rises when something follows from that, and with `must_bump` in any case.
void refresh_topics(Turn& turn, ConsumerGroup& group, bool must_bump);
/// Deals a target for the group's epoch if it has none yet.
void deal_if_due(Turn& turn, ConsumerGroup& group);

/// One step of the member towards its target. Returns the member as it is then.
/// owned  what it says that it has; nothing when it did not say
const ConsumerMember& reconcile_member(Turn& turn, ConsumerGroup& group,
                                       const std::string& member_id,
                                       const std::optional<Partitions>& owned);

/// The member must be heard of again within its session time-out.
void expect_consumer_heartbeat(Turn& turn, const ConsumerGroup& group,
                               const ConsumerMember& member);

void cancel_member_timers(Turn& turn, const ConsumerGroup& group, const std::string& member_id);

/// Takes a member out, with its timers; when all who go have gone, finish_removal() follows.
/// reason  for the log line
void take_out(Turn& turn, ConsumerGroup& group, const std::string& member_id,
              std::string_view reason);
/// The epoch rises, or, when all who are left speak the classic protocol, a classic group is made
/// of them: then this group is no more. Writes, and answers then.
void finish_removal(Turn& turn, ConsumerGroup& group,
                    std::optional<GroupReply> reply = std::nullopt);

/// One of the timers of a group's member.
void consumer_timer_due(Turn& turn, ConsumerGroup& group, const TimerKey& timer);
/// Sets the timers of a group that was restored.
void start_timers(Turn& turn, const ConsumerGroup& group);

}  // namespace millrace::broker
