// OffsetFetch: what was committed.
#pragma once

#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

/// request  topics by name; their ids go into the response as they came
void fetch_offsets(Turn& turn, RequestToken token, const GroupCaller& caller,
                   wire::OffsetFetchRequest request);

/// Answers the fetches that waited for this append and no other: it is in the log, or failed.
/// cost  a look-up for each that waits
void let_fetches_go(Turn& turn, AppendId acknowledged);

}  // namespace millrace::broker
