// OffsetCommit: who may commit, and when it counts.
#pragma once

#include "broker/groups/coordinator/turn.h"

namespace millrace::broker {

/// request  existing topics, by name; their ids go into the response as they came
void commit_offsets(Turn& turn, RequestToken token, const GroupCaller& caller,
                    wire::OffsetCommitRequest request);

/// The offsets are in the log, or are not.
void offsets_committed(Turn& turn, const std::string& group_id, OffsetsCommitted committed,
                       wire::KafkaError error);

}  // namespace millrace::broker
