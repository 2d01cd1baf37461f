// What the member of a group wants of the consumer it is part of, whatever the group's protocol.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "model/topic_partition.h"

namespace millrace::client {

/// Names one request that the member is waiting for; an answer with another ticket came too late.
using GroupTicket = std::uint64_t;

/// The application has to give up and may take partitions; on_rebalance_done() says it did.
struct Rebalance {
  std::vector<TopicPartition> revoked;
  std::vector<TopicPartition> lost;  // others may have them already
  std::vector<TopicPartition> assigned;
  bool is_complete = false;  // there is an assignment, even when nothing changed
};
/// The member cannot go on until subscribe() is called again.
struct GroupFailed {
  Error error;
};

/// What of `from` is not in `taken_away`, in its order.
std::vector<TopicPartition> difference(const std::vector<TopicPartition>& from,
                                       const std::vector<TopicPartition>& taken_away);

}  // namespace millrace::client
