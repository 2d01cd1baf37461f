// Where a partition is, as its cluster tells it: who leads, who holds a replica, who is in sync.
// All replicas are the one log of this process; the words are those of the protocol. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "broker/nodes/nodes.h"
#include "broker/topics/leadership.h"
#include "model/ids.h"
#include "wire/error_codes.h"

namespace millrace::broker {

struct Placement {
  Leadership leadership;
  /// The first is the preferred leader.
  std::vector<BrokerId> replicas;
  /// A part of the replicas, in their order.
  std::vector<BrokerId> in_sync;
  /// partition_epoch: counts the changes of all of the above.
  std::int32_t version = 0;

  bool operator==(const Placement&) const = default;
  bool has_replica_on(BrokerId node) const;
};

/// Which node runs.
using Running = std::vector<BrokerId>;

/// A new partition on these nodes, led by the first that runs.
Placement place_on(std::vector<BrokerId> replicas, const Running& running);

/// `count` partitions with `factor` replicas each, dealt round: neighbours are led by different
/// nodes, and replicas lie in different racks as far as there are any. `start` says where the round
/// begins.
/// nodes   those that run; at least `factor`
std::vector<Placement> place_round(const NodeList& nodes, std::int32_t count, std::int16_t factor,
                                   std::size_t start);

// What becomes of a placement. Nothing when it stays as it is. A leader that changes is a new
// epoch.

/// A node stopped: others lead if they are in sync; the last one that was in sync stays so, and
/// nobody leads until it runs again.
std::optional<Placement> without_node(const Placement& placement, BrokerId node,
                                      const Running& running);
/// A node runs again. It is in sync at once, as there is one log; it leads if nobody did.
std::optional<Placement> with_node(const Placement& placement, BrokerId node,
                                   const Running& running);
enum class Election : std::int8_t { kPreferred = 0, kUnclean = 1 };
/// What an election asked for by hand makes of a placement, or why it makes nothing of it.
struct Elected {
  /// ELECTION_NOT_NEEDED; PREFERRED_LEADER_NOT_AVAILABLE; ELIGIBLE_LEADERS_NOT_AVAILABLE
  wire::KafkaError error = wire::KafkaError::kNone;
  std::optional<Placement> placement = std::nullopt;
};
/// kPreferred: the first replica, if it is in sync. kUnclean: where nobody leads the first replica
/// that runs, which here has lost nothing.
Elected elect(const Placement& placement, Election election, const Running& running);

/// Other replicas, at once, as there is nothing to copy. The leader stays if it can; replicas that
/// go are a new epoch, as in Kafka. replicas  without repetition; one of them runs
std::optional<Placement> reassigned(const Placement& placement, std::vector<BrokerId> replicas,
                                    const Running& running);

/// The log was opened by a process with these nodes, which all run: replicas on others are given to
/// them.
std::optional<Placement> settled_on(const Placement& placement, const Running& running);

}  // namespace millrace::broker
