// OffsetFetch: what was committed.
#pragma once

#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

/// request  topics by name; their ids go into the response as they came
void fetch_offsets(Turn& turn, RequestToken token, const GroupCaller& caller,
                   wire::OffsetFetchRequest request);

/// Answers the fetches that waited for commits which are now in the log, or are not.
void answer_waiting_fetches(Turn& turn);

}  // namespace millrace::broker
