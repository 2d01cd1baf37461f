// Fetcher: the consumer's part on the I/O thread that finds positions and fetches ahead of poll().
#pragma once

#include <vector>

#include "base/lifetime.h"
#include "client/cluster/cluster.h"
#include "client/config/client_config.h"
#include "client/consumer/consumer_shared.h"
#include "wire/messages/fetch.h"

namespace millrace::client {

/// thread  the loop's
class Fetcher {
 public:
  Fetcher(const ConsumerConfig& config, Cluster& cluster, ConsumerShared& shared);
  ~Fetcher();

  /// Asks for positions that are missing and fetches what there is room for.
  void run();

 private:
  using Parts = std::vector<PlannedPart>;

  void load_committed();
  void load_resets(PositionSource source);
  void retry_positions(const std::vector<TopicPartition>& partitions, PositionSource source);
  void reset(FetchState& state, const TopicPartition& partition, Error without_policy);
  void send_fetches();
  void send_fetch(BrokerId broker, Parts parts);
  Lane free_lane(BrokerId broker) const;
  void on_answer(BrokerId broker, const Parts& parts, Result<Answer> answer);
  void on_part(const PlannedPart& part, const wire::FetchResponse::PartitionData& data,
               const SharedBuffer& frame);
  void on_part_failed(const PlannedPart& part, const wire::FetchResponse::PartitionData& data);
  void fail_all(const Parts& parts);
  void arm_timer();

  const ConsumerConfig& config_;
  Cluster& cluster_;
  ConsumerShared& shared_;
  io::TimerId timer_ = 0;
  int failures_ = 0;
  Lifetime life_;
};

}  // namespace millrace::client
