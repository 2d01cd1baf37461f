#include "assignors/assignors.h"

#include <algorithm>
#include <set>

#include "assignors/dealing/sticky_assignment.h"

namespace millrace::assignors {
namespace {

// Static members first and by their instance id, so that a restart does not change the order.
bool comes_before(const MemberSubscription& a, const MemberSubscription& b) {
  if (a.group_instance_id && b.group_instance_id)
    return *a.group_instance_id < *b.group_instance_id;
  if (a.group_instance_id.has_value() != b.group_instance_id.has_value()) {
    return a.group_instance_id.has_value();
  }
  return a.member_id < b.member_id;
}

std::vector<const MemberSubscription*> in_order(const std::vector<MemberSubscription>& members) {
  std::vector<const MemberSubscription*> sorted;
  sorted.reserve(members.size());
  for (const MemberSubscription& member : members) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return comes_before(*a, *b); });
  return sorted;
}

bool wants(const MemberSubscription& member, std::string_view topic) {
  return std::find(member.topics.begin(), member.topics.end(), topic) != member.topics.end();
}

GroupAssignment empty_assignment(const std::vector<MemberSubscription>& members) {
  GroupAssignment assignment;
  for (const MemberSubscription& member : members) assignment[member.member_id];
  return assignment;
}

class RangeAssignor final : public Assignor {
 public:
  std::string_view name() const override { return "range"; }
  RebalanceProtocol protocol() const override { return RebalanceProtocol::kEager; }

  GroupAssignment assign(const PartitionCounts& counts,
                         const std::vector<MemberSubscription>& members) const override {
    GroupAssignment assignment = empty_assignment(members);
    const auto sorted = in_order(members);
    for (const auto& [topic, partition_count] : counts) {
      std::vector<const MemberSubscription*> takers;
      for (const auto* member : sorted) {
        if (wants(*member, topic)) takers.push_back(member);
      }
      if (takers.empty()) continue;
      deal(topic, partition_count, takers, assignment);
    }
    return assignment;
  }

 private:
  static void deal(const std::string& topic, std::int32_t partition_count,
                   const std::vector<const MemberSubscription*>& takers,
                   GroupAssignment& assignment) {
    const auto taker_count = static_cast<std::int32_t>(takers.size());
    std::int32_t partition = 0;
    for (std::int32_t i = 0; i < taker_count; ++i) {
      const std::int32_t extra = i < partition_count % taker_count ? 1 : 0;
      auto& mine = assignment[takers[static_cast<std::size_t>(i)]->member_id].partitions;
      for (std::int32_t n = partition_count / taker_count + extra; n > 0; --n) {
        mine.push_back({topic, PartitionId{partition++}});
      }
    }
  }
};

class RoundRobinAssignor final : public Assignor {
 public:
  std::string_view name() const override { return "roundrobin"; }
  RebalanceProtocol protocol() const override { return RebalanceProtocol::kEager; }

  GroupAssignment assign(const PartitionCounts& counts,
                         const std::vector<MemberSubscription>& members) const override {
    GroupAssignment assignment = empty_assignment(members);
    const auto sorted = in_order(members);
    std::size_t turn = 0;
    for (const auto& [topic, partition_count] : counts) {
      const auto is_taker = [&, &name = topic](const auto* member) { return wants(*member, name); };
      if (std::none_of(sorted.begin(), sorted.end(), is_taker)) continue;
      for (std::int32_t partition = 0; partition < partition_count; ++partition) {
        while (!is_taker(sorted[turn % sorted.size()])) ++turn;
        assignment[sorted[turn % sorted.size()]->member_id].partitions.push_back(
            {topic, PartitionId{partition}});
        ++turn;
      }
    }
    return assignment;
  }
};

// Under the eager protocol a member owns nothing when it joins, so what it had travels in the
// assignor's own user data.
class StickyAssignor final : public Assignor {
 public:
  std::string_view name() const override { return "sticky"; }
  RebalanceProtocol protocol() const override { return RebalanceProtocol::kEager; }

  GroupAssignment assign(const PartitionCounts& counts,
                         const std::vector<MemberSubscription>& members) const override {
    std::vector<MemberSubscription> remembered = members;
    for (MemberSubscription& member : remembered) {
      const auto previous = decode_sticky_user_data(member.user_data);
      if (!previous.ok()) continue;
      member.owned = previous->partitions;
      member.generation = previous->generation;
    }
    return assign_sticky(counts, remembered);
  }
  std::string subscription_user_data(const std::vector<TopicPartition>& /*owned*/) const override {
    return encode_sticky_user_data(previous_);
  }
  void on_assignment(const MemberAssignment& assignment, std::int32_t generation) override {
    previous_ = {assignment.partitions, generation};
  }

 private:
  StickyUserData previous_;
};

class CooperativeStickyAssignor final : public Assignor {
 public:
  std::string_view name() const override { return "cooperative-sticky"; }
  RebalanceProtocol protocol() const override { return RebalanceProtocol::kCooperative; }

  GroupAssignment assign(const PartitionCounts& counts,
                         const std::vector<MemberSubscription>& members) const override {
    GroupAssignment assignment = assign_sticky(counts, members);
    withhold_what_others_own(members, assignment);
    return assignment;
  }

 private:
  // A partition that moves is dealt to nobody in this round: its owner sees it missing, gives it up
  // and joins again, and the next round hands it over.
  static void withhold_what_others_own(const std::vector<MemberSubscription>& members,
                                       GroupAssignment& assignment) {
    std::map<TopicPartition, std::set<std::string_view>> owners;
    for (const MemberSubscription& member : members) {
      for (const TopicPartition& partition : member.owned) {
        owners[partition].insert(member.member_id);
      }
    }
    for (auto& [member_id, dealt] : assignment) {
      const std::string_view me = member_id;
      const auto is_elsewhere = [&](const TopicPartition& partition) {
        const auto entry = owners.find(partition);
        if (entry == owners.end()) return false;
        return entry->second.size() > entry->second.count(me);
      };
      auto& mine = dealt.partitions;
      mine.erase(std::remove_if(mine.begin(), mine.end(), is_elsewhere), mine.end());
    }
  }
};

class UniformAssignor final : public Assignor {
 public:
  std::string_view name() const override { return "uniform"; }
  RebalanceProtocol protocol() const override { return RebalanceProtocol::kCooperative; }

  GroupAssignment assign(const PartitionCounts& counts,
                         const std::vector<MemberSubscription>& members) const override {
    return assign_sticky(counts, members);
  }
};

}  // namespace

std::shared_ptr<Assignor> make_range_assignor() {
  return std::make_shared<RangeAssignor>();
}
std::shared_ptr<Assignor> make_round_robin_assignor() {
  return std::make_shared<RoundRobinAssignor>();
}
std::shared_ptr<Assignor> make_sticky_assignor() {
  return std::make_shared<StickyAssignor>();
}
std::shared_ptr<Assignor> make_cooperative_sticky_assignor() {
  return std::make_shared<CooperativeStickyAssignor>();
}

std::shared_ptr<Assignor> make_uniform_assignor() {
  return std::make_shared<UniformAssignor>();
}

Result<std::shared_ptr<Assignor>> find_client_assignor(std::string_view name) {
  const auto dot = name.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  if (last == "range" || last == "RangeAssignor") return make_range_assignor();
  if (last == "roundrobin" || last == "RoundRobinAssignor") return make_round_robin_assignor();
  if (last == "sticky" || last == "StickyAssignor") return make_sticky_assignor();
  if (last == "cooperative-sticky" || last == "CooperativeStickyAssignor") {
    return make_cooperative_sticky_assignor();
  }
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("property partition.assignment.strategy: wanted range, roundrobin, "
                           "sticky or cooperative-sticky, found \"{}\"",
                           name)};
}

Result<std::shared_ptr<Assignor>> find_coordinator_assignor(std::string_view name) {
  if (name == "uniform") return make_uniform_assignor();
  if (name == "range") return make_range_assignor();
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("wanted the assignor uniform or range, found \"{}\"", name)};
}

}  // namespace millrace::assignors
