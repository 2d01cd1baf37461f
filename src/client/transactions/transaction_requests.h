// Requests about transactions that go to the leaders of partitions, retried until they are
// answered.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "client/cluster/cluster.h"
#include "client/transaction_descriptions.h"

namespace millrace::client {

using ProducersOf = std::map<TopicPartition, Result<std::vector<ProducerState>>>;

/// Asks the leader of each partition for its producers.
void describe_producers(Cluster& cluster, const std::set<TopicPartition>& partitions,
                        MonotonicTime deadline, std::function<void(ProducersOf)> done);

/// Has the leader of the partition write the marker that aborts the transaction there, and only
/// there: its coordinator is not asked, and does not hear of it.
void write_abort_marker(Cluster& cluster, const OpenTransaction& transaction,
                        MonotonicTime deadline, std::function<void(Status)> done);

}  // namespace millrace::client
