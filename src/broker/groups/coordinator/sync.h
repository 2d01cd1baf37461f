// SyncGroup: the leader hands in who gets what, everybody else fetches it.
#pragma once

#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

void sync(Turn& turn, RequestToken token, const GroupCaller& caller,
          wire::SyncGroupRequest request);

/// The assignment is in the log, or is not.
void assignment_stored(Turn& turn, const std::string& group_id, AssignmentStored stored,
                       wire::KafkaError error);

}  // namespace millrace::broker
