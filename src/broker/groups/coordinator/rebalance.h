// How a group gets from one generation to the next: who must rejoin, how long that may take, and
// what everybody is told at the end.
#pragma once

#include <string_view>

#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

/// Begins a rebalance if none is under way; ends the one under way if everybody has joined.
/// reason  for the log line
void rebalance_or_complete(Turn& turn, Group& group, std::string_view reason);
/// Begins a rebalance. Those who wait for an assignment are sent back to join.
void begin_rebalance(Turn& turn, Group& group, std::string_view reason);
/// Ends the rebalance under way if everybody has joined; the first one of an empty group ends by
/// its delay only.
void complete_if_all_joined(Turn& turn, Group& group);

/// kInitialDelay: begins the first generation, or waits once more when somebody came meanwhile.
void initial_delay_over(Turn& turn, Group& group);
/// kRejoin: goes on without the dynamic members that did not rejoin.
void complete_rebalance(Turn& turn, Group& group);
/// kSync: removes the members that joined and then never asked for their assignment.
void sync_time_over(Turn& turn, Group& group);
/// The member asked for its assignment.
void note_sync(Turn& turn, Group& group, Member& member);

/// Answers what the member waits for, so that it can be removed or renamed.
void fail_waiting_join(Turn& turn, Member& member, wire::KafkaError error,
                       std::string_view member_id_to_tell);
void fail_waiting_sync(Turn& turn, Member& member, wire::KafkaError error);

/// Removes a member, or a pending one, and its timer. What it waits for is answered with
/// UNKNOWN_MEMBER_ID, so that a client that still lives joins anew.
void remove_member(Turn& turn, Group& group, std::string_view member_id);

}  // namespace millrace::broker
