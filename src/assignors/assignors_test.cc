#include "assignors/assignors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "assignors/dealing/sticky_assignment.h"
#include "base/random.h"

namespace millrace::assignors {
namespace {

TopicPartition at(std::string topic, std::int32_t partition) {
  return {std::move(topic), PartitionId{partition}};
}

MemberSubscription member(std::string id, std::vector<std::string> topics) {
  return {.member_id = std::move(id), .topics = std::move(topics)};
}

std::string text_of(const GroupAssignment& assignment) {
  std::string text;
  for (const auto& [id, mine] : assignment) {
    text += id + ":";
    for (const auto& partition : mine.partitions) text += fmt::format(" {}", partition);
    text += "; ";
  }
  return text;
}

TEST(RangeAssignor, DealsConsecutiveRunsPerTopic) {
  const auto dealt = make_range_assignor()->assign(
      {{"t", 3}, {"u", 3}}, {member("b", {"t", "u"}), member("a", {"t", "u"})});
  EXPECT_EQ(text_of(dealt), "a: t-0 t-1 u-0 u-1; b: t-2 u-2; ");
}

TEST(RangeAssignor, PutsStaticMembersFirst) {
  auto fixed = member("z", {"t"});
  fixed.group_instance_id = "one";
  const auto dealt = make_range_assignor()->assign({{"t", 3}}, {member("a", {"t"}), fixed});
  EXPECT_EQ(text_of(dealt), "a: t-2; z: t-0 t-1; ");
}

TEST(RoundRobinAssignor, DealsOneByOneToThoseWhoWantTheTopic) {
  const auto dealt = make_round_robin_assignor()->assign(
      {{"t", 3}, {"u", 2}}, {member("a", {"t", "u"}), member("b", {"t"})});
  EXPECT_EQ(text_of(dealt), "a: t-0 t-2 u-0 u-1; b: t-1; ");
}

TEST(Assignors, AMemberWithoutPartitionsHasAnEmptyEntry) {
  for (const auto& assignor : {make_range_assignor(), make_round_robin_assignor(),
                               make_sticky_assignor(), make_cooperative_sticky_assignor()}) {
    const auto dealt = assignor->assign({{"t", 1}}, {member("a", {"t"}), member("b", {"none"})});
    EXPECT_EQ(text_of(dealt), "a: t-0; b:; ") << assignor->name();
  }
}

TEST(Assignors, AreFoundByShortNameAndByJavaClass) {
  EXPECT_EQ((*find_client_assignor("range"))->name(), "range");
  EXPECT_EQ((*find_client_assignor("org.apache.kafka.clients.consumer.CooperativeStickyAssignor"))
                ->name(),
            "cooperative-sticky");
  const auto unknown = find_client_assignor("fair");
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().message, testing::HasSubstr("cooperative-sticky"));
}

TEST(Assignors, ACoordinatorKnowsItsOwnAndAClientDoesNotKnowThose) {
  EXPECT_EQ((*find_coordinator_assignor("uniform"))->name(), "uniform");
  EXPECT_EQ((*find_coordinator_assignor("range"))->name(), "range");
  EXPECT_FALSE(find_coordinator_assignor("sticky").ok());
  EXPECT_FALSE(find_client_assignor("uniform").ok());
}

TEST(UniformAssignor, DealsAtOnceWhatAnotherMemberStillHas) {
  auto full = member("a", {"t"});
  full.owned = {at("t", 0), at("t", 1), at("t", 2), at("t", 3)};
  const auto dealt = make_uniform_assignor()->assign({{"t", 4}}, {full, member("b", {"t"})});
  EXPECT_EQ(text_of(dealt), "a: t-0 t-1; b: t-2 t-3; ");
}

TEST(StickyAssignor, RemembersItsPartitionsThroughUserData) {
  const auto assignor = make_sticky_assignor();
  assignor->on_assignment({{at("t", 1), at("t", 2)}, {}}, 4);
  auto before = member("b", {"t"});
  before.user_data = assignor->subscription_user_data({});

  const auto dealt = make_sticky_assignor()->assign({{"t", 3}}, {member("a", {"t"}), before});

  EXPECT_EQ(text_of(dealt), "a: t-0; b: t-1 t-2; ");
}

TEST(StickyUserData, RefusesWhatIsCutShort) {
  const std::string bytes = encode_sticky_user_data({{at("topic", 1), at("other", 0)}, 9});
  ASSERT_TRUE(decode_sticky_user_data(bytes).ok());
  EXPECT_EQ(decode_sticky_user_data(bytes)->generation, 9);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (size + 4 == bytes.size()) continue;  // the form without a generation
    EXPECT_FALSE(decode_sticky_user_data(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
}

TEST(CooperativeStickyAssignor, HandsAPartitionOverOnlyOnceItWasGivenUp) {
  const auto assignor = make_cooperative_sticky_assignor();
  auto old_member = member("a", {"t"});
  old_member.owned = {at("t", 0), at("t", 1)};
  old_member.generation = 1;
  const auto newcomer = member("b", {"t"});

  const auto first = assignor->assign({{"t", 2}}, {old_member, newcomer});
  EXPECT_EQ(text_of(first), "a: t-0; b:; ");

  old_member.owned = {at("t", 0)};
  old_member.generation = 2;
  const auto second = assignor->assign({{"t", 2}}, {old_member, newcomer});
  EXPECT_EQ(text_of(second), "a: t-0; b: t-1; ");
}

TEST(StickyAssignment, TheLaterGenerationWinsADispute) {
  auto stale = member("a", {"t"});
  stale.owned = {at("t", 0)};
  stale.generation = 3;
  auto current = member("b", {"t"});
  current.owned = {at("t", 0)};
  current.generation = 5;

  EXPECT_EQ(text_of(assign_sticky({{"t", 2}}, {stale, current})), "a: t-1; b: t-0; ");
}

// Random groups: everything is dealt exactly once to a member that wants it, as evenly as can be,
// and a second round moves nothing.
TEST(StickyAssignment, IsCompleteEvenAndStableForAnyGroup) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    PartitionCounts counts;
    std::vector<std::string> topics;
    for (std::uint64_t i = 0; i <= random.below(4); ++i) {
      topics.push_back(fmt::format("t{}", i));
      counts[topics.back()] = static_cast<std::int32_t>(1 + random.below(12));
    }
    std::vector<MemberSubscription> members;
    for (std::uint64_t i = 0; i <= random.below(6); ++i) {
      members.push_back(member(fmt::format("m{}", i), topics));
      for (const auto& topic : topics) {
        if (random.chance(0.3)) members.back().owned.push_back(at(topic, 0));
      }
      members.back().generation = static_cast<std::int32_t>(random.below(3));
    }

    const auto dealt = assign_sticky(counts, members);

    std::set<TopicPartition> seen;
    std::size_t total = 0;
    std::size_t smallest = SIZE_MAX;
    std::size_t largest = 0;
    for (const auto& [id, mine] : dealt) {
      for (const auto& partition : mine.partitions) {
        EXPECT_TRUE(seen.insert(partition).second) << "seed " << seed;
      }
      total += mine.partitions.size();
      smallest = std::min(smallest, mine.partitions.size());
      largest = std::max(largest, mine.partitions.size());
    }
    std::size_t wanted = 0;
    for (const auto& [topic, count] : counts) wanted += static_cast<std::size_t>(count);
    EXPECT_EQ(total, wanted) << "seed " << seed;
    EXPECT_LE(largest - smallest, 1U) << "seed " << seed;

    for (auto& each : members) {
      each.owned = dealt.at(each.member_id).partitions;
      each.generation = 7;
    }
    EXPECT_EQ(text_of(assign_sticky(counts, members)), text_of(dealt)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace millrace::assignors
