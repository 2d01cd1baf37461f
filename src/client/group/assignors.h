// Kafka's own assignors, by the names that partition.assignment.strategy takes.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/assignor.h"

namespace millrace::client {

/// Each topic's partitions in consecutive runs over the members that want it.
std::shared_ptr<Assignor> make_range_assignor();
/// One partition after another, one member after another.
std::shared_ptr<Assignor> make_round_robin_assignor();
/// Even, and as few moves as evenness allows; members give up everything before each rebalance.
std::shared_ptr<Assignor> make_sticky_assignor();
/// The same dealt without stopping anybody: what moves is first given up, and handed over in a
/// second rebalance.        source  KIP-429
std::shared_ptr<Assignor> make_cooperative_sticky_assignor();

/// By short name ("range") or by the name of the Java class.
/// errors  kInvalidArgument listing the names there are
Result<std::shared_ptr<Assignor>> find_assignor(std::string_view name);

/// The way all of them can work: cooperative only when each of them is able to.
RebalanceProtocol common_protocol(const std::vector<std::shared_ptr<Assignor>>& assignors);

}  // namespace millrace::client
