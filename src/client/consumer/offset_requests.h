// Questions about offsets that go to many brokers or to a group's coordinator, retried until they
// are answered.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "client/cluster/cluster.h"
#include "client/config/client_config.h"
#include "client/consumer.h"
#include "client/offsets.h"
#include "wire/messages/offset_commit.h"

namespace millrace::client {

using ListedOffsets = std::map<TopicPartition, Result<ListedOffset>>;

/// Asks the leader of each partition for the offset that belongs to a timestamp, or to one of
/// OffsetSpec's marks.
void list_offsets(Cluster& cluster, std::map<TopicPartition, std::int64_t> wanted,
                  IsolationLevel isolation, MonotonicTime deadline,
                  std::function<void(ListedOffsets)> done);

using RecordsDeleted = std::map<TopicPartition, Result<Offset>>;

/// Asks the leader of each partition to let it begin at the offset, or at its end for kNoOffset.
/// timeout  what the brokers are told; `deadline` is when this ends
void delete_records(Cluster& cluster, std::map<TopicPartition, Offset> before, Millis timeout,
                    MonotonicTime deadline, std::function<void(RecordsDeleted)> done);

/// Kafka's require_stable: whether an offset that an open transaction is about to change is waited
/// for. Who reads on from it has to wait: with the old one it would read again what that
/// transaction may commit.
enum class RequireStable { kNo, kYes };

/// What `group` has committed for `partitions`, or for all when not given.
/// errors  UNSTABLE_OFFSET_COMMIT at the deadline, while the transaction is open
void fetch_committed(Cluster& cluster, const std::string& group,
                     const std::optional<std::vector<TopicPartition>>& partitions,
                     RequireStable stable, MonotonicTime deadline, Done<CommittedOffsets> done);

wire::OffsetCommitRequest commit_request(const ConsumerGroupMetadata& membership,
                                         const OffsetsToCommit& offsets);
/// Commits as the given member; membership without a generation commits from outside the group.
/// errors  the first error of a partition
void commit_offsets(Cluster& cluster, const ConsumerGroupMetadata& membership,
                    const OffsetsToCommit& offsets, MonotonicTime deadline,
                    std::function<void(Status)> done);

}  // namespace millrace::client
