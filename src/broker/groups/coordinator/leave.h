// LeaveGroup: members go by themselves, or an administrator removes static ones by name.
#pragma once

#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

void leave(Turn& turn, RequestToken token, const GroupCaller& caller,
           wire::LeaveGroupRequest request);

}  // namespace millrace::broker
