// The list of brokers that are stopped, as clients see and change it: a property of the cluster
// that is no setting. It says which nodes run, and is forgotten with the process, at whose start
// all do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/nodes/node_switch.h"
#include "broker/nodes/nodes.h"
#include "broker/properties.h"
#include "model/ids.h"

namespace millrace::broker {

/// "2,3": those that do not run. Empty when all do.
std::string stopped_brokers(const NodeList& nodes);

/// What is to be done so that the list is true: starts first, so that those that stop have somebody
/// to leave their partitions to; last the stop of the node that was asked, which has to answer.
struct NodeTurns {
  std::vector<BrokerId> start;
  std::vector<BrokerId> stop;
  BrokerId asked;

  bool operator==(const NodeTurns&) const = default;
};

/// errors  INVALID_CONFIG: an id that is none, or no broker's; all of them, as nobody could start
///         them again
Result<NodeTurns> turns_to(const NodeList& nodes, std::string_view list, BrokerId asked);

/// Turns one node after another, up to the first that fails. The stop of the asked one is reported
/// when its leaders have moved and its connections are still there.
/// nodes  outlives it         errors  those of NodeSwitch
/// done   called on any thread
void turn_nodes(NodeSwitch& nodes, NodeTurns turns, NodeSwitch::Done done);

}  // namespace millrace::broker
