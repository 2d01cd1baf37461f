// Assignor, for applications: one of their own goes into ConsumerOptions::assignors; Kafka's are
// named by the property partition.assignment.strategy.
#pragma once

#include "assignors/assignor.h"

namespace millrace::client {

using assignors::Assignor;
using assignors::GroupAssignment;
using assignors::MemberAssignment;
using assignors::MemberSubscription;
using assignors::PartitionCounts;
using assignors::RebalanceProtocol;

}  // namespace millrace::client
