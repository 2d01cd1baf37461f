// Fetcher: the consumer's part on the I/O thread that finds positions and fetches ahead of poll().
#pragma once

#include <vector>

#include "base/lifetime.h"
#include "client/cluster/cluster.h"
#include "client/config/client_config.h"
#include "client/consumer/consumer_shared.h"
#include "wire/messages/fetch.h"

namespace millrace::client {

/// Invariants:
/// - What is decided is decided by FetchState under the mutex of `shared`; no request is sent and
/// no
///   other lock is taken while it is held.
/// - Each partition of a plan is answered to FetchState once, by on_fetched() or on_fetch_failed(),
///   and each request by on_request_done(); so nothing stays in flight for ever.
/// - Answers for partitions that were sought away from, or given up, are dropped by their ticket.
/// thread  the loop's
class Fetcher {
 public:
  Fetcher(const ConsumerConfig& config, Cluster& cluster, ConsumerShared& shared);
  ~Fetcher();

  /// Asks for positions that are missing and fetches what there is room for.
  void run();

 private:
  void load_committed();
  void load_resets(PositionSource source);
  void retry_positions(const std::vector<TopicPartition>& partitions, PositionSource source);
  void reset(FetchState& state, const TopicPartition& partition, Error without_policy);
  void send_fetches();
  void name_topics_by_id(FetchPlan& plan) const;
  void send_fetch(BrokerId broker, FetchPlan plan);
  Lane free_lane(BrokerId broker) const;
  void on_answer(BrokerId broker, const FetchPlan& plan, Result<Answer> answer);
  void on_part(const PlannedPart& part, const wire::FetchResponse::PartitionData& data,
               const SharedBuffer& frame);
  void on_part_failed(const PlannedPart& part, const wire::FetchResponse::PartitionData& data);
  void fail_all(const FetchPlan& plan);
  void arm_timer();

  const ConsumerConfig& config_;
  const FetchTerms terms_;
  Cluster& cluster_;
  ConsumerShared& shared_;
  io::TimerId timer_ = 0;
  int failures_ = 0;
  Lifetime life_;
};

}  // namespace millrace::client
