// Which open transactions nobody will end: those that a partition has open and no coordinator
// has.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "client/admin.h"

namespace millrace::cli {

/// A transaction that is open in a partition.
struct OpenInPartition {
  TopicPartition partition;
  client::ProducerState producer;  // with a transaction_start

  Offset start() const { return producer.transaction_start.value_or(kNoOffset); }
  /// Since its producer's last batch, by that batch's timestamp.
  Millis silent_for(Timestamp now) const;
};

/// Of those producers, the ones that have a transaction open and have been silent for longer than
/// `limit`.
std::vector<OpenInPartition> open_for_longer(const TopicPartition& partition,
                                             const std::vector<client::ProducerState>& producers,
                                             Timestamp now, Millis limit);

/// By transactional id.
using Described = std::map<std::string, client::TransactionDescription>;

/// The open transactions whose marker no coordinator is going to write: because none knows the
/// producer, or the one that does has no transaction of it with that partition.
std::vector<OpenInPartition> without_coordinator(
    const std::vector<OpenInPartition>& open, const std::vector<client::TransactionListing>& known,
    const Described& described);

/// Both, for the partitions. What hangs is asked for twice, as a transaction may have ended between
/// the answer of its partition and that of its coordinator.
/// errors  the first of a partition or an id
/// cost    a request to each leader for 500 partitions; then, if any is open for so long, one to
///         each broker and two for each of their ids, and one more to the leaders
Result<std::vector<OpenInPartition>> find_hanging(client::Admin& admin,
                                                  const std::set<TopicPartition>& partitions,
                                                  Timestamp now, Millis limit);

}  // namespace millrace::cli
