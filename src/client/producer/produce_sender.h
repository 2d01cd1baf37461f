// ProduceSender: the producer's part that lives on the I/O thread. Moves batches from the
// accumulator through the partitions' queues into Produce requests, and deals with the answers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/lifetime.h"
#include "client/cluster/cluster.h"
#include "client/config/client_config.h"
#include "client/producer.h"
#include "client/producer/delivery_reporter.h"
#include "client/producer/partition_queue.h"
#include "client/producer/record_accumulator.h"
#include "client/producer/transaction_driver.h"
#include "wire/messages/produce.h"

namespace millrace::client {

/// Invariants: a batch is in one place at a time: the accumulator, then its partition's queue, then
/// with the reporter, which ends it. Requests name batches by their try and never hold one. At most
/// in_flight_per_connection_max requests to a broker are unanswered. Once there is a fatal error
/// nothing is sent any more: whatever comes is reported as failed with it. A batch of a transaction
/// that is broken or being aborted is never sent again, and what is in flight is waited for.
/// Callbacks of the application run inside run(), on_answer() and fail_everything(), and may append
/// records, which touches nothing here but the accumulator. One run() happens at one time: what its
/// timer is not set for was due by then, and has been looked at.
/// thread  the loop's
class ProduceSender {
 public:
  /// transactions  null: not transactional. Everything lent outlives this.
  ProduceSender(const ProducerConfig& config, Cluster& cluster, RecordAccumulator& accumulator,
                Guarded<ProducerMetrics>& metrics, TransactionDriver* transactions,
                DeliveryCallback on_delivery);
  /// Fails whoever waits in when_finished() with kClosed.
  ~ProduceSender();

  /// Takes what is due from the accumulator, expires, and sends what can be sent.
  void run();
  /// Partition counts of `topic` reach the accumulator whenever the metadata says so.
  void watch(ProducerTopic& topic);
  /// Calls `done` when every batch before `end` is finished: with the first failure among them, or
  /// that nobody was told of before. With kTimeout when that takes longer than `timeout`.
  void when_finished(BatchId end, Millis timeout, std::function<void(Status)> done);
  /// Reports everything that is left as failed with `error`.
  void fail_everything(const Error& error);
  /// The first failure that nobody was told of by when_finished().
  Status take_untold_failure() { return flushes_.take_untold(); }

 private:
  struct Partition {
    TopicPartition name;
    PartitionQueue queue;
  };
  /// One partition's part of a request. Partitions stay for as long as the sender does; what a
  /// batch became by the time of the answer, its queue knows.
  struct Part {
    Partition* partition;
    BatchTry sent;
    Uuid topic_id;
  };
  using Parts = std::vector<Part>;

  Partition& partition(const ProducerTopic& topic, PartitionId id);
  const ProducerIdentity& identity() const;
  void collect(MonotonicTime now);
  void lose_sequence();
  void drop_unsent();
  std::vector<LeavingBatch> take_everything();
  void give_up(const TopicPartition& name, ProducerBatchPtr batch, Error error);
  void send_to_brokers(MonotonicTime now);
  void send_request(BrokerId broker, Parts parts);
  Call make_call(BrokerId broker, std::shared_ptr<Parts> parts);
  void on_answer(BrokerId broker, const Parts& parts, Result<Answer> answer);
  void on_part_answer(BrokerId asked, const Part& part,
                      const wire::ProduceResponse::PartitionProduceResponse& answer);
  void on_part_failed(const Part& part, const Error& error,
                      PartitionQueue::Again again = PartitionQueue::Again::kAfterBackoff);
  void split(Partition& partition, ProducerBatchPtr batch);
  void ensure_identity();
  void bump_epoch();
  void take_partition_counts();
  void arm_timer(MonotonicTime now);
  void check_flushed();

  const ProducerConfig& config_;
  Cluster& cluster_;
  RecordAccumulator& accumulator_;
  Guarded<ProducerMetrics>& metrics_;
  FlushList flushes_;
  std::map<FlushList::Id, io::TimerId> flush_timers_;
  DeliveryReporter reporter_;
  TransactionDriver* const transactions_;
  Lifetime life_;
  std::map<std::string, ProducerTopic*> topics_;
  std::map<TopicPartition, std::unique_ptr<Partition>> partitions_;
  std::map<BrokerId, int> requests_in_flight_;
  ProducerIdentity identity_;  // without transactions
  bool identity_under_way_ = false;
  io::TimerId timer_ = 0;
  std::optional<Error> fatal_error_;  // why no record can be sent any more
};

}  // namespace millrace::client
