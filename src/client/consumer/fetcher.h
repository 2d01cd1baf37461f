// Fetcher: the consumer's part on the I/O thread that finds positions and fetches ahead of poll().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/lifetime.h"
#include "client/cluster/cluster.h"
#include "client/config/client_config.h"
#include "client/consumer/broker_fetch_session.h"
#include "client/consumer/consumer_shared.h"
#include "client/consumer/position_checker.h"
#include "wire/messages/fetch.h"

namespace millrace::client {

/// Invariants:
/// - What is decided is decided by FetchState under the mutex of `shared`; no request is sent and
/// no
///   other lock is taken while it is held.
/// - Each partition of a plan is answered to FetchState once, by on_fetched() or on_fetch_failed(),
///   and each request by on_request_done(); so nothing stays in flight for ever.
/// - Answers for partitions that were sought away from, or given up, are dropped by their ticket.
/// - Each lane to a broker has a session of its own, as fetches over several are under way at once.
/// thread  the loop's
class Fetcher {
 public:
  Fetcher(const ConsumerConfig& config, Cluster& cluster, ConsumerShared& shared);
  /// Tells the brokers that their sessions are over, as far as that goes without waiting.
  ~Fetcher();

  /// Asks for positions that are missing and fetches what there is room for.
  void run();

 private:
  void load_committed();
  void load_resets(PositionSource source);
  void retry_positions(const std::vector<TopicPartition>& partitions, PositionSource source);
  void send_fetches(MonotonicTime now);
  void name_topics_by_id(FetchPlan& plan) const;
  /// A fetch on its way: what it reads, and the session that it belongs to, if any.
  struct SentFetch {
    BrokerId broker;
    std::shared_ptr<const FetchPlan> plan;
    BrokerFetchSession* session;  // stays where it is while the fetcher lives
    bool is_incremental;
  };
  void send_fetch(BrokerId broker, FetchPlan plan);
  void send(BrokerId broker, Lane lane, const FetchPlan& plan, wire::VersionRange versions,
            std::function<void(Result<Answer>)> done);
  Lane choose_lane(BrokerId broker, std::size_t part_count) const;
  std::size_t session_size(BrokerId broker, Lane lane) const;
  BrokerFetchSession* session_for(BrokerId broker, Lane lane, std::size_t part_count);
  void end_sessions();
  void on_answer(const SentFetch& sent, Result<Answer> answer);
  void on_part(BrokerId asked, const PlannedPart& part,
               const wire::FetchResponse::PartitionData& data, const SharedBuffer& frame);
  void on_nearer_replica(const PlannedPart& part, BrokerId replica);
  void on_part_failed(BrokerId asked, const PlannedPart& part,
                      const wire::FetchResponse::PartitionData& data);
  void on_out_of_range(const PlannedPart& part);
  void fail_all(const FetchPlan& plan);
  void fetch_again(const FetchPlan& plan);
  void arm_timer(MonotonicTime now);

  const ConsumerConfig& config_;
  const FetchTerms terms_;
  Cluster& cluster_;
  ConsumerShared& shared_;
  PositionChecker checker_;
  std::map<std::pair<BrokerId, Lane>, BrokerFetchSession> sessions_;
  io::TimerId timer_ = 0;
  int failures_ = 0;
  Lifetime life_;
};

}  // namespace millrace::client
