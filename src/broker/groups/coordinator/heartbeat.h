// Heartbeat, and what happens when it stays away.
#pragma once

#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

void heartbeat(Turn& turn, RequestToken token, const wire::HeartbeatRequest& request);

/// kSession: the member, or the pending one, was silent for too long.
void session_over(Turn& turn, Group& group, const std::string& member_id);

}  // namespace millrace::broker
