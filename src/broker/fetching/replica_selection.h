// Whom a reader had better ask: a replica in his own rack, where the broker's
// replica.selector.class says so (KIP-392). Pure.
#pragma once

#include <optional>
#include <string_view>

#include "broker/nodes/nodes.h"
#include "broker/topics/placement.h"
#include "model/ids.h"

namespace millrace::broker {

/// The one selector that Kafka brings; without any, readers are left to the leader.
inline constexpr std::string_view kRackAwareSelector =
    "org.apache.kafka.common.replica.RackAwareReplicaSelector";

/// A replica in sync in the reader's rack that he should ask instead of the leader; nothing when he
/// has no rack, when no replica is there, and when the leader is. Of several the one with the
/// highest id, as all have everything.
std::optional<BrokerId> replica_in_rack(const Placement& placement, const NodeList& nodes,
                                        std::string_view rack);

}  // namespace millrace::broker
