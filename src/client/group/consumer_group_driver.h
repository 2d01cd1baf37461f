// ConsumerGroupDriver: performs what a ConsumerGroupMember decides, and finds out what the topics
// are called that partitions were dealt of.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "client/group/consumer_group_member.h"
#include "client/group/group_driver.h"

namespace millrace::client {

/// Invariants:
/// - The application commits in the epoch that the coordinator told last. No partition that it
///   holds is given to others before it has let go, unless the member is fenced: then it commits as
///   nobody until it has joined again.
/// - Of topics that the subscription does not name, those are in the metadata that the member owns
///   partitions of, or is to own.
class ConsumerGroupDriver final : public GroupDriver {
 public:
  ConsumerGroupDriver(const ConsumerConfig& config, Cluster& cluster, ConsumerShared& shared,
                      OnRebalance on_rebalance);

  void subscribe(const Subscription& subscription) override;
  void rebalance_done() override;
  void commit_answered(const ConsumerGroupMetadata& membership, const Status& outcome) override;
  void metadata_changed() override { perform(); }

 private:
  void perform() override;
  void member_leave(std::string_view /*reason*/) override { member_.leave(); }
  void member_on_time(MonotonicTime now) override { member_.on_time(now); }
  void member_on_poll_overdue() override { member_.on_poll_overdue(); }
  std::optional<MonotonicTime> member_deadline() const override { return member_.next_deadline(); }
  ConsumerGroupMetadata membership() const override;

  void perform_effect(SendGroupHeartbeat& effect);
  void perform_effect(SendGroupLeave& effect);
  void perform_effect(Rebalance& effect);
  void perform_effect(GroupTrouble& effect);
  void perform_effect(GroupFailed& effect);
  void publish_membership();
  void name_topics();
  void ask_names(std::vector<Uuid> topics);
  void follow_topics();

  ConsumerGroupMember member_;
  std::int32_t published_epoch_ = -1;
  bool names_asked_ = false;
  int name_failures_ = 0;
  std::set<std::string> named_topics_;     // by the subscription
  std::set<std::string> followed_topics_;  // by the driver, besides
};

}  // namespace millrace::client
