#include "client/group/group_leader.h"

#include <algorithm>
#include <utility>

#include "base/fence.h"
#include "base/log.h"
#include "client/group/subscription_codec.h"

namespace millrace::client {

std::string in_assignor(const OfferedAssignor& offered, std::string_view function) {
  return fmt::format("{} of the assignor \"{}\"", function, offered.name);
}

void GroupLeader::take_members(const wire::JoinGroupResponse& answer) {
  resign();
  for (const auto& member : answer.members) {
    auto subscription = decode_subscription(member.metadata);
    if (!subscription.ok()) {
      LOG_WARN("a group member's subscription is unreadable; it gets no partitions",
               {{"member", member.member_id}, {"error", subscription.error().message}});
      subscription = MemberSubscription{};
    }
    subscription->member_id = member.member_id;
    subscription->group_instance_id = member.group_instance_id;
    topics_.insert(topics_.end(), subscription->topics.begin(), subscription->topics.end());
    members_.push_back(std::move(subscription).value());
  }
  std::sort(topics_.begin(), topics_.end());
  topics_.erase(std::unique(topics_.begin(), topics_.end()), topics_.end());
}

Result<GroupLeader::Shares> GroupLeader::deal(const OfferedAssignor& offered,
                                              PartitionCounts counts) {
  dealt_counts_ = std::move(counts);
  const auto dealt = fenced(in_assignor(offered, "assign"),
                            [&] { return offered.assignor->assign(*dealt_counts_, members_); });
  if (!dealt.ok()) return dealt.error();
  Shares shares;
  for (const auto& [member_id, assignment] : *dealt) {
    shares.push_back({.member_id = member_id, .assignment = encode_assignment(assignment)});
  }
  return shares;
}

bool GroupLeader::are_outdated_by(const PartitionCounts& counts) {
  if (!dealt_counts_) dealt_counts_ = counts;
  return counts != *dealt_counts_;
}

void GroupLeader::resign() {
  members_.clear();
  topics_.clear();
  dealt_counts_.reset();
}

}  // namespace millrace::client
