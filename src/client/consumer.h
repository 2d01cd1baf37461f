// Consumer: reads records from partitions, as a member of a group or assigned by hand. Fetching,
// heartbeats and rebalances run on an I/O thread of the consumer's own, ahead of poll().
//   auto consumer = Consumer::create({{"bootstrap.servers", "…"}, {"group.id", "g"}});
//   consumer->subscribe({"clicks"});
//   auto polled = consumer->poll(Millis{100});
//   for (const auto& part : polled->partitions()) for (const auto& record : part.records) …
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "client/assignor.h"
#include "client/broker_outage.h"
#include "client/group_metadata.h"
#include "client/offsets.h"
#include "client/properties.h"
#include "client/subscription_pattern.h"
#include "io/env.h"
#include "model/ids.h"
#include "model/record.h"
#include "model/topic_partition.h"

namespace millrace::client {

/// Consecutive records of one partition. Views: they live as long as their PolledRecords. Empty
/// when all that was read up to `next_offset` is the log's own (markers of transactions) or was
/// aborted: such progress counts for commits, and for who waits until next_offset has reached
/// readable_end.
struct PartitionRecords {
  TopicPartition partition;
  std::span<const RecordView> records;
  /// Where the next poll() goes on: what to commit once these records are processed.
  Offset next_offset;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  /// End of what could be read when this was fetched: the high watermark or, with read_committed,
  /// the last stable offset.
  Offset readable_end = kNoOffset;
};

/// What one poll() gave. Keeps the fetched bytes alive for its records; move-only.
class PolledRecords {
 public:
  PolledRecords() = default;
  PolledRecords(PolledRecords&&) = default;
  PolledRecords& operator=(PolledRecords&&) = default;

  /// Whether there is no record; positions may have moved all the same, see made_progress().
  bool empty() const { return records_.empty(); }
  /// Whether the position of any partition has moved.
  bool made_progress() const { return !partitions_.empty(); }
  std::size_t count() const { return records_.size(); }
  /// Each partition whose position has moved, once.
  std::span<const PartitionRecords> partitions() const { return partitions_; }
  auto begin() const { return partitions_.begin(); }
  auto end() const { return partitions_.end(); }

 private:
  friend class PollCollector;
  std::vector<RecordView> records_;
  std::vector<PartitionRecords> partitions_;
  std::vector<SharedBuffer> keep_alive_;
};

/// Called inside poll() and close(), on the caller's thread; may commit, seek, pause and ask for
/// positions. Eager: everything is revoked, then everything assigned; cooperative, and with
/// group.protocol=consumer: only the difference. What one throws becomes the error of the call; the
/// rebalance goes on.
struct RebalanceListener {
  std::function<void(std::span<const TopicPartition>)> on_assigned;
  std::function<void(std::span<const TopicPartition>)> on_revoked;
  /// They belong to somebody else already; committing is too late. Absent: on_revoked is called.
  std::function<void(std::span<const TopicPartition>)> on_lost;
};

struct ConsumerOptions {
  RebalanceListener listener = {};
  /// When not empty: instead of partition.assignment.strategy, most wanted first. For the classic
  /// protocol only.
  std::vector<std::shared_ptr<Assignor>> assignors = {};
  OutageListener outages = {};
};

/// Counted since create().
struct ConsumerMetrics {
  std::uint64_t records_consumed = 0;
  std::uint64_t bytes_fetched = 0;
  std::uint64_t fetch_requests = 0;
  std::uint64_t rebalances = 0;
  std::uint64_t commits = 0;
};

using CommitCallback = std::function<void(const Status&)>;

/// A value that can be moved, also while it is a member of a group. One that was moved from may
/// only be destroyed or assigned to; any other call aborts. After close() calls fail with kClosed,
/// where they can fail; close() itself does nothing more.
///
/// Calls that wait for a broker try again what may pass, for up to default.api.timeout.ms, and then
/// fail with kTimeout or with the error of the last try, which is kClosed when no broker could be
/// reached.
/// thread  one thread at a time calls it; wakeup() and metrics() from any thread
class Consumer {
 public:
  /// Starts the I/O thread; connects when something is asked for.
  /// env     must outlive the consumer; null: the consumer makes and owns one of the machine
  /// errors  kInvalidArgument for a property, naming what was wanted, or for an assignor that is
  ///         null; kThrown when one throws as it is asked who it is
  static Result<Consumer> create(const Properties& properties, ConsumerOptions options = {},
                                 io::Env* env = nullptr);
  /// close() with a short time-out.
  ~Consumer();
  Consumer(Consumer&&) noexcept;
  /// What was here is closed first, as by the destructor.
  Consumer& operator=(Consumer&&) noexcept;
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  /// Joins the group of group.id for these topics; replaces an earlier subscription. The group is
  /// joined while poll() is called.
  /// errors  kInvalidArgument without group.id or mixed with assign(). poll() tells what the group
  ///         answers.
  /// cost    a switch of thread there and back, no request
  Status subscribe(std::vector<std::string> topics);
  /// The same for all topics whose names match, those that are made later included. Topics of the
  /// brokers' own are left out by the classic protocol unless exclude.internal.topics=false.
  /// errors  kInvalidArgument also when the pattern is none; with group.protocol=consumer poll()
  ///         says so, by INVALID_REGULAR_EXPRESSION
  Status subscribe(SubscriptionPattern pattern);
  /// Reads exactly these partitions, without group management. Those that were assigned before keep
  /// their position; the others begin at what group.id has committed, or as auto.offset.reset says.
  /// errors  kInvalidArgument mixed with subscribe(). That a partition is not there,
  ///         poll() tells.
  /// cost    a switch of thread there and back, no request
  Status assign(PartitionList partitions);
  /// Ends what subscribe() or assign() began. A member commits when auto-commit is on, gives up its
  /// partitions and leaves the group.
  /// errors  kThrown when the listener's on_revoked threw; it is unsubscribed nevertheless, also
  ///         when the commit failed
  /// cost    for a member a commit, and up to a second to tell the group
  Status unsubscribe();
  /// By topic and number. A member's changes inside poll(), commit_sync(), unsubscribe() and
  /// close() only.
  /// cost    one lock
  PartitionList assignment() const;
  /// The topics of subscribe(), or those that match its pattern and have partitions assigned; none
  /// after assign().
  /// cost    one lock with a pattern
  std::vector<std::string> subscription() const;

  /// Records that have been fetched, at most max.poll.records; waits up to `timeout` for the first.
  /// Empty after the time-out, after a rebalance, and when positions moved past nothing but the
  /// markers of transactions and aborted records. Runs rebalance and commit callbacks.
  /// errors  kCancelled after wakeup(); kOutOfRange with auto.offset.reset=none, also when a log was
  ///         cut below what was read of it, see divergent_offset(); kCorrupt with the
  ///         partition and offset (seek past it to go on); Kafka's, when it does not pass by
  ///         itself; kThrown when a listener, a callback or an assignor threw: the first of them,
  ///         after all have been called. What a listener was told of holds nevertheless; after an
  ///         assignor threw the consumer is out of its group until subscribe().
  /// cost    two locks when something was fetched already, and the walk over the records given out
  Result<PolledRecords> poll(Millis timeout);
  /// Makes the poll() that waits, or the next one, return kCancelled; a position() that waits too.
  /// Other calls are not ended by it.
  /// thread  any         cost  one lock
  void wakeup();

  /// Commits the positions of everything polled so far, or the given offsets, and waits.
  /// errors  kKafka REBALANCE_IN_PROGRESS, ILLEGAL_GENERATION, STALE_MEMBER_EPOCH,
  ///         UNKNOWN_MEMBER_ID or FENCED_INSTANCE_ID when the partitions may belong to another
  ///         member by now; kTimeout; kThrown when a callback that ran inside threw, though the
  ///         offsets are committed; kInvalidArgument without group.id
  /// cost    a request to the group's coordinator, which is looked up the first time
  Status commit_sync();
  Status commit_sync(const OffsetsToCommit& offsets);
  /// The same without waiting; `done` is called inside a later poll(), commit_sync() or close().
  /// After close() nothing is committed and nothing called.
  /// errors  told to `done`: those of commit_sync(), but for kThrown
  /// cost    a task for the I/O thread; the request is sent by that
  void commit_async(CommitCallback done = {});
  void commit_async(const OffsetsToCommit& offsets, CommitCallback done = {});
  /// What the group has committed; partitions without a commit are absent. Offsets that an open
  /// transaction is about to change are waited for, until it ends.
  /// errors  kInvalidArgument without group.id; kTimeout; Kafka's, GROUP_AUTHORIZATION_FAILED say,
  ///         or UNSTABLE_OFFSET_COMMIT when a transaction was open for too long
  /// cost    a request to the group's coordinator, which is looked up the first time
  Result<CommittedOffsets> committed(const PartitionList& partitions);

  /// The next poll() goes on here. Lazy: no request is sent, and that there is no such offset is
  /// for poll() to find out.
  /// errors  kInvalidArgument for a partition that is not assigned, or an offset below 0
  /// cost    one lock; what was fetched ahead of the partition is dropped
  Status seek(const TopicPartition& partition, Offset offset);
  /// The same, for as many as there are: the offset is asked for when it is needed.
  /// errors  kInvalidArgument for the first partition that is not assigned; those before it in the
  ///         list have been moved
  /// cost    one lock for each
  Status seek_to_beginning(const PartitionList& partitions);
  Status seek_to_end(const PartitionList& partitions);
  /// The offset of the next record that poll() would give; waits until it is known.
  /// errors  kInvalidArgument for a partition that is not assigned; kCancelled after wakeup();
  ///         kTimeout, also when the position cannot be found, why poll() says
  /// cost    one lock when it is known
  Result<Offset> position(const TopicPartition& partition);
  /// Gives nothing of these partitions, and asks no broker for them, until resume(): the consumer
  /// stays a member and keeps their positions. Those that are not assigned are passed over; what is
  /// assigned anew is not paused.
  /// cost    one lock; resume() a task for the I/O thread as well
  void pause(const PartitionList& partitions);
  void resume(const PartitionList& partitions);
  /// By topic and number.         cost  one lock
  PartitionList paused() const;

  /// How many partitions a topic has; waits until the topic is known, and makes the brokers create
  /// it as allow.auto.create.topics says.
  /// errors  kTimeout, naming the topic; Kafka's, when it does not pass by itself
  /// cost    two switches of thread and, when the topic is not known yet, a request
  Result<std::int32_t> partition_count(std::string_view topic);
  /// The same from what is known now, which is refreshed every metadata.max.age.ms; nothing for a
  /// topic that is not known.         cost  a switch of thread there and back, no request
  std::optional<std::int32_t> known_partition_count(std::string_view topic);
  /// Where each partition begins. They need not be assigned.
  /// errors  of the first partition that has one: UNKNOWN_TOPIC_OR_PARTITION when no broker has
  ///         known it for two seconds; kTimeout
  /// cost    one request for each broker that leads one of them, at the same time
  Result<std::map<TopicPartition, Offset>> beginning_offsets(const PartitionList& partitions);
  /// Where each ends for this consumer: behind the last record or, with read_committed, behind the
  /// last that no open transaction holds back. Errors and cost as above.
  Result<std::map<TopicPartition, Offset>> end_offsets(const PartitionList& partitions);
  /// The first record at or after each time; a partition without one is absent.
  /// errors  kInvalidArgument for a time below 0; else as above, like the cost
  Result<std::map<TopicPartition, OffsetAndTimestamp>> offsets_for_times(
      const std::map<TopicPartition, Timestamp>& times);
  /// Where the log of a partition left what was read of it: the first offset that now holds
  /// something else. After poll() failed with kOutOfRange because a change of leader had cut the
  /// log; nothing when the offset is not known, and again after a seek().         cost  one lock
  std::optional<Offset> divergent_offset(const TopicPartition& partition) const;
  /// Records between the position and the end last seen; nothing before the first fetch and for a
  /// partition that is not assigned.         cost  one lock
  std::optional<std::int64_t> current_lag(const TopicPartition& partition) const;

  /// As whom the application commits: the member of the last rebalance that poll() has run, without
  /// a generation before the first, after the membership was lost, and when partitions are assigned
  /// by hand. With group.protocol=consumer
  /// the generation is the member's epoch, which moves on with heartbeats too.     cost  one lock
  ConsumerGroupMetadata group_metadata() const;
  /// thread  any         cost  one lock
  ConsumerMetrics metrics() const;

  /// Commits when auto-commit is on, revokes, leaves the group (unless a static member) and stops
  /// the I/O thread.
  /// errors  of the commit, or kThrown of a listener; the consumer is closed in any case
  /// cost    a commit, unless the time-out is zero, and up to a second to tell the group
  Status close(Millis timeout = Millis{30'000});

 private:
  class Core;
  explicit Consumer(std::unique_ptr<Core> core);
  Core& core() const;

  std::unique_ptr<Core> core_;
};

}  // namespace millrace::client
