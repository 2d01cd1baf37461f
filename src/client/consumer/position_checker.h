// PositionChecker: after a change of leader asks the new one whether what was read is still there,
// and lets the consumer go on where it is not (KIP-320).
#pragma once

#include <functional>
#include <vector>

#include "base/lifetime.h"
#include "client/cluster/cluster.h"
#include "client/config/client_config.h"
#include "client/consumer/consumer_shared.h"
#include "wire/messages/offset_for_leader_epoch.h"

namespace millrace::client {

/// Invariant: each check is answered to FetchState once.
/// thread  the loop's
class PositionChecker {
 public:
  /// on_answer  called after each answer, or none
  PositionChecker(const ConsumerConfig& config, Cluster& cluster, ConsumerShared& shared,
                  std::function<void()> on_answer)
      : config_(config), cluster_(cluster), shared_(shared), on_answer_(std::move(on_answer)) {}
  ~PositionChecker() { life_.end(); }
  PositionChecker(const PositionChecker&) = delete;
  PositionChecker& operator=(const PositionChecker&) = delete;

  /// checks  not empty; of partitions that `leader` leads
  void ask(BrokerId leader, std::vector<PositionCheck> checks);

 private:
  using Response = wire::OffsetForLeaderEpochResponse;

  void take(const std::vector<PositionCheck>& checks, const Result<Response>& answer);
  /// False when the broker did not say.
  bool take_one(FetchState& state, const PositionCheck& check, const Response& answer);
  MonotonicTime retry_at() const;
  void truncated(FetchState& state, const PositionCheck& check, const Truncation& truncation);

  const ConsumerConfig& config_;
  Cluster& cluster_;
  ConsumerShared& shared_;
  const std::function<void()> on_answer_;
  Lifetime life_;
};

}  // namespace millrace::client
