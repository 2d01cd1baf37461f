// Consumer::Core: the caller's side of a consumer. Everything here runs on the caller's thread;
// what runs on the I/O thread is reached through post and await.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/cluster/loop_thread.h"
#include "client/consumer.h"
#include "client/consumer/consumer_shared.h"
#include "client/consumer/fetcher.h"
#include "client/consumer/offset_requests.h"
#include "client/group/group_driver.h"
#include "client/group/subscription.h"
#include "io/lent_env.h"

namespace millrace::client {

/// Of steps that are all gone through with, the first failure counts.
inline void keep_first(Status& outcome, Status next) {
  if (outcome.ok()) outcome = std::move(next);
}

/// Implemented in three files: the life and poll() in consumer_core.cc, what the application runs
/// inside its calls in consumer_callbacks.cc, positions and commits in consumer_offsets.cc.
///
/// Invariants:
/// - What the I/O thread and the caller both touch is in shared_; cluster_, fetcher_ and group_ are
///   made, used and destroyed on the loop, and are gone before thread_ stops.
/// - The assignment changes only on the caller's thread, inside assign(), poll(), commit_sync(),
///   unsubscribe() or close(): while the application works on records, nothing is taken from under
///   it.
/// - A rebalance that was queued is answered by rebalance_done() once, whatever the listener does.
/// - Functions of the application run under one fence each, one at a time: in_callback_ says that
///   one does, and is false again however it ends.
/// thread  the caller's, but for queue_rebalance(), commit() and what is posted
class Consumer::Core {
 public:
  Core(ConsumerConfig config, OfferedAssignors assignors, RebalanceListener listener,
       OutageListener outages, io::LentEnv env);
  ~Core() { (void)close(Millis{0}); }

  Status subscribe(Subscription subscription);
  Status assign(const PartitionList& partitions);
  Status unsubscribe();
  std::vector<std::string> subscription();

  Result<PolledRecords> poll(Millis timeout);
  void wakeup();

  OffsetsToCommit positions();
  Status commit_sync(const OffsetsToCommit& offsets) {
    return commit_sync(offsets, config_.api_timeout);
  }
  Status commit_sync(const OffsetsToCommit& offsets, Millis timeout);
  void commit_async(const OffsetsToCommit& offsets, CommitCallback done);
  Result<CommittedOffsets> committed(const PartitionList& partitions);
  Status seek(const TopicPartition& partition, Offset offset);
  Status seek(const PartitionList& partitions, PositionSource source);
  Result<Offset> position(const TopicPartition& partition);
  void pause(const PartitionList& partitions);
  void resume(const PartitionList& partitions);
  Result<std::int32_t> partition_count(std::string_view topic);
  std::optional<std::int32_t> known_partition_count(std::string_view topic);
  Result<std::map<TopicPartition, OffsetAndTimestamp>> list(
      const std::map<TopicPartition, std::int64_t>& wanted);
  Status close(Millis timeout);

  ConsumerShared& shared() { return shared_; }

 private:
  Status check_open() const;
  Status check_group() const;
  void tell_fetcher();
  void queue_rebalance(const Rebalance& rebalance,
                       const std::optional<ConsumerGroupMetadata>& membership);
  enum class GivenUp { kRevoked, kLost };
  Status run_rebalance(const Rebalance& rebalance,
                       const std::optional<ConsumerGroupMetadata>& membership);
  GivenUp how_given_up();
  Status give_up(const PartitionList& partitions, GivenUp how);
  Status give_up_all();
  void leave_group(std::string_view reason, Millis timeout);
  Result<bool> run_callbacks();
  void drop_rebalances();
  void commit_by_and_by();
  void note_poll();
  bool is_grouped() const { return !subscription_.is_empty(); }
  /// As whom a consumer commits that is not a member.
  ConsumerGroupMetadata outside_of_the_group() const;
  enum class GroupUse { kMember, kOffsetsOnly };
  GroupUse group_use() const { return is_grouped() ? GroupUse::kMember : GroupUse::kOffsetsOnly; }
  void commit(const OffsetsToCommit& offsets, GroupUse use, MonotonicTime deadline,
              std::function<void(Status)> done);
  std::optional<ConsumerGroupMetadata> member_still_holding(const OffsetsToCommit& offsets,
                                                            std::uint64_t places_lost);

  const io::LentEnv env_;
  const ConsumerConfig config_;
  const RebalanceListener listener_;
  const Clock& clock_;
  ConsumerShared shared_;
  Subscription subscription_;
  MonotonicTime next_auto_commit_{};
  bool is_closed_ = false;
  bool in_callback_ = false;
  std::unique_ptr<Cluster> cluster_;    // on the loop
  std::unique_ptr<Fetcher> fetcher_;    // on the loop
  std::unique_ptr<GroupDriver> group_;  // on the loop; null without group.id
  LoopThread thread_;
};

}  // namespace millrace::client
