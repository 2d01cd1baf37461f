// JoinGroup: entering a group, coming back to it, and being turned away.
#pragma once

#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

void join(Turn& turn, RequestToken token, const GroupCaller& caller,
          wire::JoinGroupRequest request);

/// The record of a replaced static member is in the log, or is not.
void static_member_replaced(Turn& turn, const std::string& group_id, StaticMemberReplaced replaced,
                            wire::KafkaError error);

}  // namespace millrace::broker
