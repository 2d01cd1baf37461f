// Kafka's own assignors, by the names that clients (partition.assignment.strategy) and coordinators
// (group.consumer.assignors) know them by.
#pragma once

#include <memory>
#include <string_view>

#include "assignors/assignor.h"
#include "base/result.h"

namespace millrace::assignors {

/// Each topic's partitions in consecutive runs over the members that want it.
std::shared_ptr<Assignor> make_range_assignor();
/// One partition after another, one member after another.
std::shared_ptr<Assignor> make_round_robin_assignor();
/// Even, and as few moves as evenness allows; members give up everything before each rebalance.
std::shared_ptr<Assignor> make_sticky_assignor();
/// The same dealt without stopping anybody: what moves is first given up, and handed over in a
/// second rebalance.        source  KIP-429
std::shared_ptr<Assignor> make_cooperative_sticky_assignor();

/// Even, and as few moves as evenness allows, for a coordinator that knows what each member has
/// (`owned`) and hands over by itself what moves: it deals where everything shall end up.
/// source  KIP-848
std::shared_ptr<Assignor> make_uniform_assignor();

/// Those a client may name: range, roundrobin, sticky, cooperative-sticky, or the Java class of
/// one.
/// errors  kInvalidArgument listing the names there are
Result<std::shared_ptr<Assignor>> find_client_assignor(std::string_view name);
/// Those a coordinator may name: uniform, range.
/// errors  kInvalidArgument listing the names there are
Result<std::shared_ptr<Assignor>> find_coordinator_assignor(std::string_view name);

}  // namespace millrace::assignors
