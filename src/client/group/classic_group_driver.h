// ClassicGroupDriver: performs what a GroupMember decides, and tells it of the topics that it deals
// or that match its pattern.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/group/group_driver.h"
#include "client/group/group_member.h"
#include "model/topic_pattern.h"

namespace millrace::client {

/// Invariants:
/// - With a pattern the metadata is that of all topics, and the member is subscribed to those that
///   match, from the first answer on.
class ClassicGroupDriver final : public GroupDriver {
 public:
  ClassicGroupDriver(const ConsumerConfig& config, OfferedAssignors assignors, Cluster& cluster,
                     ConsumerShared& shared, OnRebalance on_rebalance);

  /// A pattern has been compiled before: it is one.
  void subscribe(const Subscription& subscription) override;
  void rebalance_done() override;
  void commit_answered(const ConsumerGroupMetadata& membership, const Status& outcome) override;
  void metadata_changed() override;

 private:
  void perform() override;
  void member_leave(std::string_view reason) override;
  void member_on_time(MonotonicTime now) override { member_.on_time(now); }
  void member_on_poll_overdue() override { member_.on_poll_overdue(); }
  std::optional<MonotonicTime> member_deadline() const override { return member_.next_deadline(); }
  ConsumerGroupMetadata membership() const override;

  void perform_effect(SendJoin& effect);
  void perform_effect(SendSync& effect);
  void perform_effect(SendHeartbeat& effect);
  void perform_effect(SendLeave& effect);
  void perform_effect(AskPartitionCounts& effect);
  void perform_effect(Rebalance& effect);
  void perform_effect(GroupFailed& effect);
  void match_topics();
  void answer_counts();
  void watch_counts();
  std::optional<PartitionCounts> known_counts(const std::vector<std::string>& topics) const;

  GroupMember member_;
  std::optional<TopicPattern> pattern_;
  std::optional<AskPartitionCounts> asked_counts_;
};

}  // namespace millrace::client
