// Where a consumer goes on when the offset that it has is of no use, as auto.offset.reset says.
#pragma once

#include "client/config/client_config.h"
#include "client/consumer/fetch_state.h"

namespace millrace::client {

/// without_policy  what the next poll() tells when there is no other place
void reset_position(FetchState& state, const TopicPartition& partition, OffsetReset policy,
                    Error without_policy);

}  // namespace millrace::client
