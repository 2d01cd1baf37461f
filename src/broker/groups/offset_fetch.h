// OffsetFetch: what was committed.
#pragma once

#include "broker/groups/turn.h"

namespace millrace::broker {

/// request  topics by name; their ids go into the response as they came
void fetch_offsets(Turn& turn, RequestToken token, const GroupCaller& caller,
                   const wire::OffsetFetchRequest& request);

}  // namespace millrace::broker
