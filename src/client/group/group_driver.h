// GroupDriver: performs what a GroupMember decides: requests to the coordinator, timers, and
// rebalances handed to the application.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/lifetime.h"
#include "client/cluster/cluster.h"
#include "client/config/client_config.h"
#include "client/consumer/consumer_shared.h"
#include "client/group/group_member.h"

namespace millrace::client {

/// Invariants:
/// - Every input to member_ is followed by perform(), which performs all effects in their order and
///   leaves the timer and the published membership as the member wants them.
/// - A Rebalance goes to the application once, and the member hears of it by rebalance_done() once;
///   meanwhile heartbeats go on.
/// - Answers carry the ticket of their request, so that the member can tell which came too late.
/// thread  the loop's
class GroupDriver {
 public:
  /// What the application has to run, and as whom it commits from then on.
  using OnRebalance = std::function<void(const Rebalance&, const ConsumerGroupMetadata&)>;

  /// on_rebalance  to be run by the application inside poll(), which then calls rebalance_done()
  GroupDriver(const ConsumerConfig& config, OfferedAssignors assignors, Cluster& cluster,
              ConsumerShared& shared, OnRebalance on_rebalance);
  ~GroupDriver();

  void subscribe(const std::vector<std::string>& topics);
  void rebalance_done();
  /// What became of a commit that was made as `membership`.
  void commit_answered(const ConsumerGroupMetadata& membership, const Status& outcome);
  /// Topics may have grown, or become known.
  void metadata_changed();
  /// Leaves; `done` runs once the coordinator knows, or cannot be told.
  void leave(std::string_view reason, std::function<void()> done);

 private:
  void perform();
  void perform_effect(SendJoin& effect);
  void perform_effect(SendSync& effect);
  void perform_effect(SendHeartbeat& effect);
  void perform_effect(SendLeave& effect);
  void perform_effect(AskPartitionCounts& effect);
  void perform_effect(Rebalance& effect);
  void perform_effect(GroupFailed& effect);
  template <class Request, class Response>
  void ask_coordinator(Lane lane, Request request, Millis timeout, Done<Response> done);
  void answer_counts();
  void watch_counts();
  std::optional<PartitionCounts> known_counts(const std::vector<std::string>& topics) const;
  void check_poll_interval();
  void arm_timer();

  const ConsumerConfig& config_;
  const CoordinatorKey coordinator_;
  Cluster& cluster_;
  ConsumerShared& shared_;
  OnRebalance on_rebalance_;
  GroupMember member_;
  std::optional<AskPartitionCounts> asked_counts_;
  std::function<void()> left_;  // after the answer to leaving
  io::TimerId timer_ = 0;
  Lifetime life_;
};

}  // namespace millrace::client
