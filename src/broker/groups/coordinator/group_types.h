// The small words of the groups: who asks, and for which transaction.
#pragma once

#include <cstdint>
#include <string>

#include "broker/coordination/coordinator_types.h"
#include "model/ids.h"
#include "storage/verification_guard.h"

namespace millrace::broker {

/// Who asks: what JoinGroup remembers and DescribeGroups shows, and what version rules depend on.
struct GroupCaller {
  std::int16_t api_version = 0;
  std::string client_id;    // empty when the client sent none
  std::string client_host;  // as Kafka shows it: "/127.0.0.1"
};

/// Where the offsets of a transaction go, and what the log wants to see of them.
struct TransactionalCommit {
  PartitionId partition;  // of `__consumer_offsets`, the group's
  storage::VerificationGuard guard = storage::VerificationGuard::kNone;
};

}  // namespace millrace::broker
