// Consumer::Core: the caller's side of a consumer. Everything here runs on the caller's thread;
// what runs on the I/O thread is reached through post and await.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/cluster/loop_thread.h"
#include "client/consumer.h"
#include "client/consumer/consumer_shared.h"
#include "client/consumer/fetcher.h"
#include "client/consumer/offset_requests.h"
#include "client/group/group_driver.h"
#include "io/lent_env.h"

namespace millrace::client {

class Consumer::Core {
 public:
  Core(ConsumerConfig config, std::vector<std::shared_ptr<Assignor>> assignors,
       RebalanceListener listener, io::LentEnv env);
  ~Core() { (void)close(Millis{0}); }

  Status subscribe(std::vector<std::string> topics);
  Status assign(const PartitionList& partitions);
  Status unsubscribe();
  std::vector<std::string> subscription() const { return topics_; }

  Result<PolledRecords> poll(Millis timeout);
  void wakeup();

  OffsetsToCommit positions();
  Status commit_sync(const OffsetsToCommit& offsets);
  void commit_async(const OffsetsToCommit& offsets, CommitCallback done);
  Result<OffsetsToCommit> committed(const PartitionList& partitions);
  Status seek(const TopicPartition& partition, Offset offset);
  Status seek(const PartitionList& partitions, PositionSource source);
  Result<Offset> position(const TopicPartition& partition);
  void pause(const PartitionList& partitions, bool paused);
  Result<std::int32_t> partition_count(std::string_view topic);
  Result<std::map<TopicPartition, OffsetAndTimestamp>> list(
      const std::map<TopicPartition, std::int64_t>& wanted);
  Status close(Millis timeout);

  ConsumerShared& shared() { return shared_; }

 private:
  Status check_open() const;
  void tell_fetcher();
  void queue_rebalance(const Rebalance& rebalance);
  enum class GivenUp { kRevoked, kLost };
  Status run_rebalance(const Rebalance& rebalance);
  Status give_up(const PartitionList& partitions, GivenUp how);
  Result<bool> run_callbacks();
  void drop_rebalances();
  void commit_by_and_by();
  void note_poll();
  bool is_grouped() const { return !topics_.empty(); }

  const io::LentEnv env_;
  const ConsumerConfig config_;
  const RebalanceListener listener_;
  const Clock& clock_;
  ConsumerShared shared_;
  std::vector<std::string> topics_;  // subscribed
  MonotonicTime next_auto_commit_{};
  bool is_closed_ = false;
  bool in_callback_ = false;
  std::unique_ptr<Cluster> cluster_;    // on the loop
  std::unique_ptr<Fetcher> fetcher_;    // on the loop
  std::unique_ptr<GroupDriver> group_;  // on the loop; null without group.id
  LoopThread thread_;
};

}  // namespace millrace::client
