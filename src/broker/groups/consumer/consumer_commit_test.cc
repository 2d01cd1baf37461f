// Offsets of members of consumer groups: who may commit and fetch, and what is kept for how long.
#include "broker/groups/consumer/consumer_commit.h"

#include <gtest/gtest.h>

#include "broker/groups/consumer/consumer_actor.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

class ConsumerCommit : public testing::Test {
 protected:
  ConsumerCommit() { world_.make_topic("t", 2); }

  /// Two members, of which each has one partition; a's epoch is 4 by now.
  void make_two_members() {
    ConsumerActor b{world_, "b"};
    for (int round = 0; round < 4; ++round) {
      EXPECT_EQ(a_.beat(), KafkaError::kNone);
      EXPECT_EQ(b.beat(), KafkaError::kNone);
    }
    world_.make_topic("t", 3);
    for (int round = 0; round < 4; ++round) EXPECT_EQ(a_.beat(), KafkaError::kNone);
    ASSERT_EQ(a_.epoch, 4);
  }
  KafkaError commit(GroupWorld::Commit commit) {
    return world_.commit_error(world_.commit(commit));
  }
  std::int16_t fetch_error(std::optional<std::string> member, std::int32_t epoch) {
    wire::OffsetFetchRequest request;
    auto& group = request.groups.emplace_back();
    group.group_id = "g";
    group.member_id = std::move(member);
    group.member_epoch = epoch;
    group.topics.emplace();
    group.topics->push_back({"t", {}, {0}});
    return world_.answer<wire::OffsetFetchResponse>(world_.fetch(request, 9))
        .groups.at(0)
        .error_code;
  }

  GroupWorld world_;
  ConsumerActor a_{world_, "a"};
};

TEST_F(ConsumerCommit, IsRefusedToMembersOfAnotherEpoch) {
  make_two_members();
  std::int32_t old = -1;  // a's, for two epochs or more
  std::int32_t others = -1;
  std::int32_t since = 0;
  for (std::int32_t partition = 0; partition < 2; ++partition) {
    const auto& assigned = world_.consumer_group()->find("a")->assigned;
    const auto found = assigned.find(world_.partition_id("t", partition));
    if (found == assigned.end()) {
      others = partition;
    } else {
      old = partition;
      since = found->second;
    }
  }
  ASSERT_GE(old, 0);
  ASSERT_GE(others, 0);
  struct Case {
    std::string_view what;
    GroupWorld::Commit commit;
    KafkaError error;
  };
  const std::vector<Case> cases{
      {"its epoch", {.member = "a", .generation = 4, .partition = old}, KafkaError::kNone},
      {"its epoch, of what it has not",
       {.member = "a", .generation = 4, .partition = others},
       KafkaError::kNone},
      {"a later epoch", {.member = "a", .generation = 5}, KafkaError::kStaleMemberEpoch},
      {"an earlier epoch, of what it has had since",
       {.member = "a", .generation = since, .partition = old},
       KafkaError::kNone},
      {"an earlier epoch than it has had this",
       {.member = "a", .generation = since - 1, .partition = old},
       KafkaError::kStaleMemberEpoch},
      {"an earlier epoch, of what it has not",
       {.member = "a", .generation = 3, .partition = others},
       KafkaError::kStaleMemberEpoch},
      {"no epoch", {.member = "a", .generation = -1}, KafkaError::kStaleMemberEpoch},
      {"nobody's", {.member = "x", .generation = 4}, KafkaError::kUnknownMemberId},
      {"nobody, while there are members", {}, KafkaError::kUnknownMemberId},
      {"a version that knows no epochs",
       {.member = "a", .generation = 4, .version = 8},
       KafkaError::kUnsupportedVersion},
  };
  for (const Case& each : cases) EXPECT_EQ(commit(each.commit), each.error) << each.what;
}

TEST_F(ConsumerCommit, OfAnEarlierEpochCountsForWhatAMemberIsYetToGiveUp) {
  for (int round = 0; round < 2; ++round) EXPECT_EQ(a_.beat(), KafkaError::kNone);
  const std::int32_t early = a_.epoch;
  world_.make_topic("t", 3);
  for (int round = 0; round < 2; ++round) EXPECT_EQ(a_.beat(), KafkaError::kNone);
  ASSERT_EQ(a_.epoch, early + 1);
  ConsumerActor b{world_, "b"};
  ConsumerActor c{world_, "c"};
  EXPECT_EQ(b.beat(), KafkaError::kNone);
  EXPECT_EQ(c.beat(), KafkaError::kNone);
  EXPECT_EQ(a_.beat(), KafkaError::kNone);
  const auto& to_revoke = world_.consumer_group()->find("a")->to_revoke;
  ASSERT_EQ(to_revoke.size(), 2U);

  for (const auto& [partition, since] : to_revoke) {
    EXPECT_EQ(commit({.member = "a", .generation = early, .partition = partition.partition}),
              since <= early ? KafkaError::kNone : KafkaError::kStaleMemberEpoch)
        << partition.partition;
  }
}

TEST_F(ConsumerCommit, OfASimpleConsumerIsTakenWhileTheGroupIsEmpty) {
  a_.beat();
  world_.beat({.member = "a", .epoch = -1});

  EXPECT_EQ(commit({.offset = 5}), KafkaError::kNone);
  EXPECT_EQ(world_.committed("g"), 5);
  EXPECT_EQ(world_.group(), nullptr) << "the offsets are the consumer group's";
}

TEST_F(ConsumerCommit, InATransactionIsCheckedByEpochToo) {
  make_two_members();
  const auto error = [&](GroupWorld::TransactionalCommitOf commit) {
    return world_.transactional_commit_error(world_.commit_in_transaction(commit));
  };
  EXPECT_EQ(error({.member = "a", .generation = 4}), KafkaError::kNone);
  EXPECT_EQ(error({.member = "a", .generation = 5}), KafkaError::kIllegalGeneration);
  EXPECT_EQ(error({.member = "x", .generation = 4}), KafkaError::kUnknownMemberId);
  EXPECT_EQ(error({}), KafkaError::kNone) << "old producers name no member";
  world_.end_transaction(1, wire::TransactionResult::kCommit);
  EXPECT_EQ(world_.committed("g"), 0);
}

TEST_F(ConsumerCommit, OffsetFetchIsCheckedByEpochWhenItNamesAMember) {
  make_two_members();
  EXPECT_EQ(fetch_error("a", 4), 0);
  EXPECT_EQ(fetch_error(std::nullopt, -1), 0);
  EXPECT_EQ(fetch_error("a", 3), code_of(KafkaError::kStaleMemberEpoch));
  EXPECT_EQ(fetch_error("x", 4), code_of(KafkaError::kUnknownMemberId));
}

TEST_F(ConsumerCommit, OffsetsOfTopicsThatMembersWantAreInUse) {
  a_.beat();
  commit({.member = "a", .generation = 2, .topic = "t", .offset = 5});
  commit({.member = "a", .generation = 2, .topic = "u", .offset = 6});
  const auto error_of = [&](const std::string& topic) {
    const auto token = world_.delete_offsets("g", topic, {0});
    return world_.answer<wire::OffsetDeleteResponse>(token)
        .topics.at(0)
        .partitions.at(0)
        .error_code;
  };
  EXPECT_EQ(error_of("t"), code_of(KafkaError::kGroupSubscribedToTopic));
  EXPECT_EQ(error_of("u"), 0);
  EXPECT_EQ(world_.committed("g", "t"), 5);
  EXPECT_EQ(world_.committed("g", "u"), -1);
}

TEST_F(ConsumerCommit, OffsetsExpireWhenNobodyWantsTheirTopicAndTheGroupWithThem) {
  GroupWorld world(
      {.offsets_retention = Millis{60'000}, .offsets_retention_check_interval = Millis{1'000}});
  world.make_topic("t", 1);
  ConsumerActor a{world, "a"};
  a.beat();
  world.commit({.member = "a", .generation = 2, .topic = "t", .offset = 5});
  world.commit({.member = "a", .generation = 2, .topic = "u", .offset = 6});
  for (int i = 0; i < 4; ++i) {
    world.advance(Millis{20'000});
    EXPECT_EQ(a.beat(), KafkaError::kNone);
  }
  EXPECT_EQ(world.committed("g", "u"), -1);
  EXPECT_EQ(world.committed("g", "t"), 5);

  world.beat({.member = "a", .epoch = -1});
  world.advance(Millis{2'000});
  EXPECT_EQ(world.committed("g", "t"), -1);
  EXPECT_EQ(world.consumer_group(), nullptr);
  EXPECT_EQ(picture_of(world.replayed()->state()), "");
}

TEST_F(ConsumerCommit, DeleteGroupsTakesAnEmptyGroupWithItsOffsets) {
  a_.beat();
  commit({.member = "a", .generation = 2, .offset = 5});
  const auto error_of = [&] {
    const auto token = world_.delete_groups({"g"});
    return world_.answer<wire::DeleteGroupsResponse>(token).results.at(0).error_code;
  };
  EXPECT_EQ(error_of(), code_of(KafkaError::kNonEmptyGroup));
  world_.beat({.member = "a", .epoch = -1});
  EXPECT_EQ(error_of(), 0);
  EXPECT_EQ(error_of(), code_of(KafkaError::kGroupIdNotFound));
  EXPECT_EQ(picture_of(world_.state()), "");
  EXPECT_EQ(picture_of(world_.replayed()->state()), "");
}

TEST_F(ConsumerCommit, AGroupThatTheLogDoesNotForgetIsThereAgain) {
  a_.beat();
  world_.beat({.member = "a", .epoch = -1});
  const std::string before = picture_of(world_.state());
  world_.holds_appends = true;
  const auto token = world_.delete_groups({"g"});
  world_.acknowledge(KafkaError::kNotEnoughReplicas);

  EXPECT_EQ(world_.answer<wire::DeleteGroupsResponse>(token).results.at(0).error_code,
            code_of(KafkaError::kCoordinatorNotAvailable));
  EXPECT_EQ(picture_of(world_.state()), before);
}

}  // namespace
}  // namespace millrace::broker
